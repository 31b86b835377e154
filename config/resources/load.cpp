#include "config/resources/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "config/resources/kinds.hpp"
#include "config/resources/metadata.hpp"
#include "config/resources/rules.hpp"
#include "config/resources/stand_in.hpp"
#include "config/yaml/document.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr std::size_t kMaxDiagnosticsPerDocument = 100;

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  void read_file(const SourceFile& file);
  Loaded finish() {
    loaded_.mesh = Mesh().with(resources_);
    return std::move(loaded_);
  }

 private:
  void read_document(const SourceFile& file, const yaml::Document& document);
  void read_resource(Fields& f, const Kind& kind, const std::string& api_version,
                     const yaml::Document& document, const yaml::Value& root);
  bool is_new(Fields& f, const ResourceKey& key, const Metadata& metadata);
  void skip_kind(Fields& f, const std::string& kind);
  void unreadable(const std::string& file);

  const LoadOptions& options_;
  Loaded loaded_;
  std::vector<ResourcePtr> resources_;
  std::map<ResourceKey, std::pair<std::string, int>> seen_;  // key -> file and line
  std::set<std::string> skipped_kinds_;
};

void Loader::unreadable(const std::string& file) {
  if (loaded_.unreadable_files.empty() || loaded_.unreadable_files.back() != file) {
    loaded_.unreadable_files.push_back(file);
  }
}

void Loader::read_file(const SourceFile& file) {
  const auto problem = [&](const yaml::Problem& p, std::string_view text, int first_line) {
    loaded_.diagnostics.push_back({std::string(code::kYaml),
                                   Level::Error,
                                   p.message,
                                   file.path,
                                   p.at.line,
                                   p.at.column,
                                   std::string(line_of(text, first_line, p.at.line)),
                                   p.at.length,
                                   {},
                                   p.help});
    unreadable(file.path);
  };
  const auto documents = yaml::parse(file.text);
  if (!documents) return problem(documents.error(), file.text, 1);
  if (file.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return problem({"the file is empty", {}, "remove the file, or write a resource into it"}, {},
                   1);
  }
  for (const yaml::Document& document : *documents) {
    const std::size_t before = loaded_.diagnostics.size();
    if (document.root) {
      read_document(file, document);
      if (loaded_.diagnostics.size() > before + kMaxDiagnosticsPerDocument) {
        loaded_.diagnostics.resize(before + kMaxDiagnosticsPerDocument);
      }
    } else {
      problem(document.root.error(), document.text, document.first_line);
    }
  }
}

void Loader::read_document(const SourceFile& file, const yaml::Document& document) {
  Reading reading(file.path, document, options_.strict_istio, loaded_.diagnostics);
  const yaml::Value& root = *document.root;
  if (root.shape != yaml::Shape::Map) {
    reading.error(root.at,
                  fmt::format("a resource has to be a map, not {}", to_string(root.shape)));
    return unreadable(file.path);
  }
  const Path top;
  const Node node{reading, root, top};
  Fields f(node);
  std::string api_version, kind_name;
  f.require("apiVersion", api_version);
  f.require("kind", kind_name);
  if (reading.failed()) return unreadable(file.path);

  const Kind* kind = find_kind(kind_name);
  const std::size_t slash = api_version.find('/');
  const std::string_view group = std::string_view(api_version).substr(0, slash);
  const bool istio = group.ends_with("istio.io");
  if (kind == nullptr && istio) {
    std::vector<std::string_view> names;
    for (const Kind& each : kinds()) names.push_back(each.name);
    const std::string_view meant = ascii::closest(kind_name, names);
    f.error("kind", fmt::format("unknown kind \"{}\"", kind_name),
            meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant));
    return unreadable(file.path);
  }
  if (!istio && (kind == nullptr || kind->read_spec == nullptr)) return skip_kind(f, kind_name);
  const std::string_view version =
      std::string_view(api_version).substr(std::min(slash, group.size()));
  if (group != kind->group || (version != "/v1" && version != "/v1beta1" &&
                               version != "/v1alpha3" && version != "/v1alpha1")) {
    f.error("apiVersion", fmt::format("unknown apiVersion \"{}\" of {}", api_version, kind_name),
            fmt::format("write {}/v1", kind->group));
  }
  read_resource(f, *kind, api_version, document, root);
}

// Another software's resource: told once a kind.
void Loader::skip_kind(Fields& f, const std::string& kind) {
  if (kind == "List") {
    f.error("kind", "lists are not supported", "write each item as a document of its own");
    return unreadable(f.reading().file());
  }
  if (!skipped_kinds_.insert(kind).second) return;
  f.reading().report(Level::Warning, code::kUnknownKind, f.key_at("kind"),
                     fmt::format("kind {} is not part of the mesh's configuration; skipped", kind));
}

bool Loader::is_new(Fields& f, const ResourceKey& key, const Metadata& metadata) {
  const auto [first, is_new] = seen_.try_emplace(key, f.reading().file(), metadata.name.at.line);
  if (!is_new) {
    f.reading().report(Level::Error, code::kDuplicateResource, metadata.name.at,
                       fmt::format("{} is already defined in {}:{}", to_string(key),
                                   first->second.first, first->second.second),
                       "remove one of them, or give it another name");
  }
  return is_new;
}

void Loader::read_resource(Fields& f, const Kind& kind, const std::string& api_version,
                           const yaml::Document& document, const yaml::Value& root) {
  Reading& reading = f.reading();
  Metadata metadata;
  f.require("metadata", metadata);
  f.ignored({"spec", "status"});
  if (metadata.name->empty()) {
    unreadable(reading.file());
    return f.finish();
  }
  if (metadata.ns.empty()) metadata.ns = options_.default_namespace;
  ResourceKey key{std::string(kind.name), metadata.ns, *metadata.name};
  const bool first = is_new(f, key, metadata);

  auto spec = std::make_shared<Spec>();
  const Path spec_path{nullptr, "spec"};
  const yaml::Value nothing{yaml::Shape::Map, root.at, false, {}, {}, {}};
  const yaml::Entry* entry = root.find("spec");
  const bool there = entry != nullptr && entry->value.shape != yaml::Shape::Null;
  const Node node{reading, there ? entry->value : nothing, spec_path,
                  there ? entry->key_at : f.key_at("kind")};
  if (kind.read_spec == nullptr) {
    reading.report(Level::Error, code::kUnsupported, f.key_at("kind"),
                   fmt::format("kind {} is not supported yet", kind.name),
                   "remove it; it would have no effect");
  } else {
    // A fault of the spec shows first as what it is, so read it even when the rest is wrong.
    const bool readable = kind.read_spec(node, *spec);
    if (!readable && !reading.failed()) node.error("spec cannot be read");
  }
  f.finish();

  const Resource::Origin origin{reading.file(), document.first_line, f.key_at("kind")};
  if (!reading.failed()) {
    resources_.push_back(std::make_shared<Resource>(std::move(key), api_version, origin,
                                                    document.text, std::move(spec)));
    return;
  }
  if (!first) return;  // the one before it stays
  if (auto stand_in = make_stand_in(kind, node, key)) {
    loaded_.stand_ins.push_back(
        std::make_shared<Resource>(key, api_version, origin, document.text, std::move(stand_in)));
  }
  loaded_.rejected.push_back(std::move(key));
}

}  // namespace

Loaded load(std::span<const SourceFile> files, const LoadOptions& options) {
  Loader loader(options);
  for (const SourceFile& file : files) loader.read_file(file);
  return loader.finish();
}

}  // namespace outrider::config
