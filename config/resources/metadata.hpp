#pragma once
// `metadata` of a resource: its name, namespace, labels and annotations. A value; any thread.

#include <map>
#include <string>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct Metadata {
  At<std::string> name;
  std::string ns;  // empty: the default one
  std::map<std::string, std::string> labels, annotations;
};
void describe(Fields& f, Metadata& m);

}  // namespace outrider::config
