#pragma once
// `metadata` of a resource: its name, namespace, labels and annotations. A value; any thread.

#include <map>
#include <string>

#include "config/resources/kinds.hpp"

namespace outrider::config {

struct Metadata {
  At<std::string> name;
  std::string ns;  // empty: the default one
  std::map<std::string, std::string> labels, annotations;
};
void describe(Fields& f, Metadata& m);

// Annotations that change what a resource does, or that only Istio itself may write.
void check_annotations(Fields& f, const Kind& kind, const Metadata& m, const Spec& spec);

}  // namespace outrider::config
