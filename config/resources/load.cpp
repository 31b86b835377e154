#include "config/resources/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "config/resources/kinds.hpp"
#include "config/resources/metadata.hpp"
#include "config/resources/names.hpp"
#include "config/resources/spec.hpp"
#include "config/resources/stand_in.hpp"
#include "config/yaml/document.hpp"
#include "config/yaml/print.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr std::size_t kMaxDiagnostics = 20'000;

// The lines of an item of a list, as a document of its own.
std::string item_text(const yaml::Document& document, const yaml::Value& item, const yaml::Value* next) {
  const bool block = item.at.bytes > 0 && item.shape == yaml::Shape::Map && !item.entries.empty() &&
                     item.entries.front().key_at.offset == item.at.offset;
  if (!block) return yaml::print(item);
  const auto indent = static_cast<std::size_t>(item.at.column - 1);
  const std::size_t begin = static_cast<std::size_t>(item.at.offset - document.offset);
  std::size_t end = document.text.size();
  if (next != nullptr)
    end = document.text.rfind('\n', static_cast<std::size_t>(next->at.offset - document.offset)) + 1;
  std::string out;
  std::string_view rest = std::string_view(document.text).substr(begin, end - begin);
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t line_end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    std::string_view line = rest.substr(0, line_end);
    const std::size_t blanks = std::min(line.find_first_not_of(' '), line.size());
    if (!first && blanks < indent && blanks + 1 < line.size() && line[blanks] != '#')
      break;  // the list's end
    if (!first) line.remove_prefix(std::min(indent, std::min(blanks, line.size() - 1)));
    out += line;
    rest.remove_prefix(line_end);
  }
  return out;
}

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  void read_file(const SourceFile& file);
  Loaded finish() {
    loaded_.mesh = Mesh().with(resources_);
    return std::move(loaded_);
  }

 private:
  // One document, or one item of a list.
  struct Piece {
    const SourceFile& file;
    const yaml::Document& document;
    const yaml::Value& root;
    const Path& path;
    std::string text;
  };

  void begin(const SourceFile& file, int line);
  void end();
  void problem(const SourceFile& file, const yaml::Problem& p, std::string_view text, int first_line);
  void read_document(const Piece& piece);
  void read_list(const Piece& piece);
  void read_resource(Fields& f, const Kind& kind, const std::string& api_version, const Piece& piece);
  void read_spec(Fields& f, const Kind& kind, Metadata& metadata, const Piece& piece, Spec& spec);
  bool is_new(Fields& f, const ResourceKey& key, const Metadata& metadata);
  void skip_kind(Fields& f, const std::string& kind);
  void refuse_kind(Fields& f, const std::string& kind_name);
  void unreadable(const std::string& file);

  const LoadOptions& options_;
  Loaded loaded_;
  std::vector<ResourcePtr> resources_;
  std::map<ResourceKey, std::pair<std::string, int>> seen_;  // key -> file and line
  std::set<std::string> skipped_kinds_;
  int number_ = 0;  // of the document
};

void Loader::unreadable(const std::string& file) {
  if (loaded_.unreadable_files.empty() || loaded_.unreadable_files.back() != file) {
    loaded_.unreadable_files.push_back(file);
  }
}

void Loader::begin(const SourceFile& file, int line) {
  LoadedDocument& document = loaded_.documents.emplace_back();
  document.file = file.path;
  document.number = number_;
  document.line = line;
  document.first = document.end = loaded_.diagnostics.size();
}

// Sorts what was found in this document, each once.
void Loader::end() {
  LoadedDocument& document = loaded_.documents.back();
  auto& all = loaded_.diagnostics;
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(document.first);
  const auto place = [](const Diagnostic& d) { return std::tie(d.line, d.column); };
  std::stable_sort(from, all.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  const auto same = [&](const Diagnostic& a, const Diagnostic& b) {
    return place(a) == place(b) && a.message == b.message && a.code == b.code;
  };
  all.erase(std::unique(from, all.end(), same), all.end());
  if (all.size() > kMaxDiagnostics) all.resize(std::max(document.first + 1, kMaxDiagnostics));
  document.end = all.size();
}

void Loader::problem(const SourceFile& file, const yaml::Problem& p, std::string_view text,
                     int first_line) {
  Diagnostic& d = loaded_.diagnostics.emplace_back();
  d.code = code::kYaml;
  d.message = p.message;
  d.file = file.path;
  d.line = p.at.line;
  d.column = p.at.column;
  const std::string_view line = line_of(text, first_line, p.at.line);
  d.show(line, byte_of(line, p.at.column));
  d.caret_length = p.at.length;
  d.help = p.help;
  unreadable(file.path);
}

void Loader::read_file(const SourceFile& file) {
  number_ = 1;
  const auto documents = yaml::parse(file.text);
  const bool empty = file.text.find_first_not_of(" \t\r\n") == std::string::npos;
  if (!documents || empty) {
    begin(file, 1);
    problem(file,
            documents
                ? yaml::Problem{"the file is empty", {}, "remove the file, or write a resource into it"}
                : documents.error(),
            file.text, 1);
    return end();
  }
  const Path top;
  for (const yaml::Document& document : *documents) {
    begin(file, document.first_line);
    if (document.root) {
      read_document({file, document, *document.root, top, document.text});
    } else {
      problem(file, document.root.error(), document.text, document.first_line);
    }
    end();
    ++number_;
  }
}

void Loader::refuse_kind(Fields& f, const std::string& kind_name) {
  std::vector<std::string_view> names;
  for (const Kind& each : kinds()) names.push_back(each.name);
  const std::string_view meant = ascii::closest(kind_name, names);
  Diagnostic& d = f.reading().error(f.value("kind")->at, fmt::format("unknown kind \"{}\"", kind_name),
                                    meant.empty() ? fmt::format("it is one of {}", fmt::join(names, ", "))
                                                  : fmt::format("did you mean \"{}\"?", meant));
  if (!meant.empty()) d.replace(f.value("kind")->at, std::string(meant));
}

void Loader::read_document(const Piece& piece) {
  const ReadingRules rules{options_.strict_istio, options_.inactive, {}, nullptr, nullptr};
  Reading reading(piece.file.path, piece.document, rules, loaded_.diagnostics);
  const yaml::Value& root = piece.root;
  if (root.shape != yaml::Shape::Map) {
    reading.error(root.at, fmt::format("a resource has to be a map, not {}", to_string(root.shape)),
                  "begin it with apiVersion: and kind:");
    return unreadable(piece.file.path);
  }
  const Node node{reading, root, piece.path, {}};
  Fields f(node);
  std::string api_version, kind_name;
  f.field("apiVersion", api_version, {""});
  f.field("kind", kind_name, {""});
  for (const char* name : {"apiVersion", "kind"}) {
    if (!f.has(name))
      f.error(name, fmt::format("{} is required", name), "every resource says apiVersion: and kind:");
  }
  if (reading.failed()) return unreadable(piece.file.path);
  loaded_.documents.back().key.kind = kind_name;
  if (kind_name == "List") return read_list(piece);

  const std::size_t slash = api_version.find('/');
  const std::string_view group =
      slash == std::string::npos ? "" : std::string_view(api_version).substr(0, slash);
  const Kind* kind = find_kind(group, kind_name);
  const Kind* elsewhere = find_kind(kind_name);
  const bool istio = group.ends_with("istio.io");
  if (kind == nullptr && elsewhere == nullptr && istio) {
    refuse_kind(f, kind_name);
    return unreadable(piece.file.path);
  }
  if (kind == nullptr && !istio) return skip_kind(f, kind_name);
  const std::string_view version =
      std::string_view(api_version).substr(std::min(slash, api_version.size()));
  constexpr std::string_view known[] = {"/v1", "/v1beta1", "/v1alpha3", "/v1alpha1"};
  if (kind == nullptr ||
      (istio && std::find(std::begin(known), std::end(known), version) == std::end(known))) {
    const std::string right = fmt::format("{}/v1", (kind != nullptr ? kind : elsewhere)->group);
    const yaml::Position at = f.value("apiVersion")->at;
    reading
        .error(at, fmt::format("unknown apiVersion \"{}\" of {}", api_version, kind_name),
               fmt::format("write {}", right))
        .replace(at, right);
    if (kind == nullptr) kind = elsewhere;
  }
  read_resource(f, *kind, api_version, piece);
}

void Loader::read_list(const Piece& piece) {
  const yaml::Entry* items = piece.root.find("items");
  if (items == nullptr || items->value.shape != yaml::Shape::List) {
    Reading reading(piece.file.path, piece.document,
                    {options_.strict_istio, options_.inactive, {}, nullptr, nullptr}, loaded_.diagnostics);
    reading.error(piece.root.at, "a List needs items",
                  "write items: and the resources below it, each with a dash");
    return unreadable(piece.file.path);
  }
  loaded_.documents.pop_back();
  const Path list{nullptr, "items"};
  const auto& values = items->value.items;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Path path{&list, {}, static_cast<int>(i)};
    const yaml::Value* next = i + 1 < values.size() ? &values[i + 1] : nullptr;
    begin(piece.file, values[i].at.line);
    read_document(
        {piece.file, piece.document, values[i], path, item_text(piece.document, values[i], next)});
    end();
  }
  if (values.empty()) begin(piece.file, piece.root.at.line);
}

// Another software's resource: told once a kind.
void Loader::skip_kind(Fields& f, const std::string& kind) {
  if (!skipped_kinds_.insert(kind).second) return;
  f.reading().report(Level::Warning, code::kUnknownKind, f.value("kind")->at,
                     fmt::format("kind {} is not part of the mesh's configuration; skipped", kind),
                     "nothing has to be done; of Kubernetes, Services and what belongs to them are read");
}

bool Loader::is_new(Fields& f, const ResourceKey& key, const Metadata& metadata) {
  const auto [first, is_new] = seen_.try_emplace(key, f.reading().file(), metadata.name.at.line);
  if (!is_new && !options_.strict_istio) {
    f.reading().report(options_.inactive, code::kDuplicateResource, metadata.name.at,
                       fmt::format("{} is already defined in {}:{}", to_string(key), first->second.first,
                                   first->second.second),
                       "remove one of them, or give it another name");
  }
  return is_new;
}

void Loader::read_spec(Fields& f, const Kind& kind, Metadata& metadata, const Piece& piece, Spec& spec) {
  Reading& reading = f.reading();
  reading.about(metadata.ns, metadata.labels, metadata.annotations);
  const Path spec_path{piece.path.index >= 0 ? &piece.path : nullptr, kind.spec_on_top ? "" : "spec"};
  const yaml::Value nothing{yaml::Shape::Map, piece.root.at, false, {}, {}, {}};
  const yaml::Entry* entry = kind.spec_on_top ? nullptr : piece.root.find("spec");
  const bool there = entry != nullptr && entry->value.shape != yaml::Shape::Null;
  const yaml::Value& value = kind.spec_on_top ? piece.root : there ? entry->value : nothing;
  const Node node{reading, value, spec_path, there ? entry->key_at : f.key_at("kind")};
  const bool needs_spec =
      kind.name == "ServiceEntry" || kind.name == "WorkloadEntry" || kind.name == "WorkloadGroup";
  if (!there && needs_spec && !options_.strict_istio) {
    reading.error(f.key_at("kind"), "spec: Required value", "add spec:").path = "spec";
  } else if (kind.read_spec == nullptr) {
    reading.report(Level::Error, code::kUnsupported, f.value("kind")->at,
                   fmt::format("kind {} of {} is not supported", kind.name, kind.group),
                   std::string(kind.about));
  } else {
    if (!kind.acts()) {
      const bool once = kind.of_kubernetes() && !skipped_kinds_.insert(std::string(kind.name)).second;
      if (!once && !kind.of_kubernetes()) {
        reading.inactive(f.key_at("kind"), "kind", fmt::format("kind {} is not supported yet", kind.name),
                         "remove it; it would have no effect");
      } else if (!once && options_.inactive == Level::Error) {
        reading.report(Level::Warning, code::kUnknownKind, f.key_at("kind"),
                       fmt::format("kind {} is read and checked, and does not act yet; skipped", kind.name),
                       "name services and workloads with a ServiceEntry");
      }
      reading.below_inactive(1);
    }
    // A fault of the spec shows first as what it is, so read it even when the rest is wrong.
    if (!kind.read_spec(node, spec) && !reading.failed()) node.error("spec cannot be read");
    if (!kind.acts()) reading.below_inactive(-1);
    if (kind.name == "Gateway" && !is_dns_label(*metadata.name) && !reading.of_gateway_api("gateway")) {
      reading.error(metadata.name.at, fmt::format("invalid gateway name: \"{}\"", *metadata.name),
                    "leave out the dots");
    }
    if (!kind.of_kubernetes()) check_annotations(f, kind, metadata, spec);
  }
  if (kind.of_kubernetes()) f.ignore_others();
  f.finish(+[] {
    return std::vector<FieldInfo>{{"apiVersion", "", "", {""}, {}, nullptr},
                                  {"kind", "", "", {""}, {}, nullptr},
                                  {"metadata", "", "", {""}, {}, nullptr},
                                  {"spec", "", "", {""}, {}, nullptr}};
  });
}

void Loader::read_resource(Fields& f, const Kind& kind, const std::string& api_version,
                           const Piece& piece) {
  Reading& reading = f.reading();
  Metadata metadata;
  f.field("metadata", metadata, {"What it is called"});
  f.ignored({"spec", "status"});
  if (!f.has("metadata")) f.error("", "metadata is required", "add metadata: {name: NAME}");
  if (metadata.ns.empty()) metadata.ns = options_.default_namespace;
  ResourceKey key{std::string(kind.name), metadata.ns, *metadata.name};
  loaded_.documents.back().key = key;
  const bool named = !metadata.name->empty();
  if (!named) unreadable(reading.file());
  const bool first = named && is_new(f, key, metadata);

  auto spec = std::make_shared<Spec>();
  read_spec(f, kind, metadata, piece, *spec);

  const int first_line = piece.path.index >= 0 ? piece.root.at.line : piece.document.first_line;
  const Resource::Origin origin{reading.file(), first_line, f.key_at("kind")};
  if (!reading.failed()) {
    if (!kind.of_kubernetes() && first) {
      resources_.push_back(
          std::make_shared<Resource>(std::move(key), api_version, origin, piece.text, std::move(spec)));
    }
    return;
  }
  if (!first) return;  // the one before it stays
  const Path spec_path{nullptr, "spec"};
  const yaml::Value nothing{yaml::Shape::Map, piece.root.at, false, {}, {}, {}};
  const yaml::Entry* entry = piece.root.find("spec");
  const Node node{reading, entry == nullptr ? nothing : entry->value, spec_path, {}};
  if (auto stand_in = make_stand_in(kind, node, key)) {
    loaded_.stand_ins.push_back(
        std::make_shared<Resource>(key, api_version, origin, piece.text, std::move(stand_in)));
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
