#include "config/analysis/code_pages.hpp"

#include <algorithm>

#include "config/analysis/codes.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr CodePage kPages[] = {
    {code::kNotFound, "something that is referred to is not there",
     "A host, a subset or a port that a route names is defined by no resource. Requests for it are "
     "answered 503.\n"
     "  - A short host name is of the resource's own namespace: `orders` in namespace shop is\n"
     "    orders.shop.svc.cluster.local. A name with a dot is taken as it stands.\n"
     "  - A subset has to be among the `subsets` of the DestinationRule for exactly that host.\n"
     "  - Outside of Kubernetes a host is defined by a ServiceEntry."},
    {code::kSchema, "the resource is not valid",
     "An unknown field, a value of the wrong type or out of range, fields that cannot stand together, or "
     "one that is\n"
     "missing. Istio refuses the resource with the same words; nothing of it takes effect, and the last "
     "good version\n"
     "of it stays. `outriderctl explain KIND.FIELD` says what a field takes; `outriderctl fix` writes what "
     "is plain."},
    {code::kSameHost, "two VirtualServices for one host",
     "Several VirtualServices for the sidecars name the same host. The oldest one is followed, the others "
     "are not\n"
     "looked at. Merge their rules into one, the more specific ones first."},
    {code::kPortNeeded, "a destination of a service with several ports names none",
     "Which port is meant cannot be told. Write it: destination: {host: ..., port: {number: ...}}."},
    {"IST0118", "a port's name does not say what it speaks",
     "The protocol of a Service's port is its appProtocol, or what its name begins with: http-web, grpc, "
     "tcp-db.\n"
     "Otherwise it is told from the first bytes, which protocols in which the server speaks first do not "
     "survive."},
    {code::kNoWorkloads, "a policy that is for no workload",
     "No endpoint has all the labels of the selector, so that the policy protects nothing. Compare them "
     "with the labels\n"
     "of the endpoints, and mind the namespace: a policy is for the workloads of its own."},
    {code::kUnreachableRule, "a rule that no request reaches",
     "Rules of `http` are tried in order. One without `match`, or with a match that takes everything, "
     "takes all that is\n"
     "left: what follows is never used. Put it last. A weighted split is one rule with several "
     "destinations:\n"
     "    - route:\n"
     "      - destination: {host: orders, subset: v1}\n"
     "        weight: 90\n"
     "      - destination: {host: orders, subset: v2}\n"
     "        weight: 10"},
    {code::kUnreachableMatch, "a match that no request reaches",
     "An earlier rule has the same match, or a prefix that covers it: /api takes /api/v2 as well, and "
     "/apis.\n"
     "Put the more specific one first."},
    {code::kSchemaWarning, "valid, and probably not what is meant",
     "Istio accepts the resource and warns. The note says what happens as it is written, the help what to "
     "write."},
    {code::kNoImpact, "something that can have no effect",
     "As it is written, it matches nothing or nobody: methods are compared with case, principals are "
     "written without\n"
     "spiffe://, and a PeerAuthentication with a selector in the root namespace is not looked at."},
    {code::kEmptySubset, "a subset without endpoints",
     "No endpoint of the host has all the labels of the subset. Routes to it are answered 503."},
    {code::kUnknownRuleHost, "a DestinationRule for a host that nobody defines",
     "The rule takes effect once a service of this name is there. Mind how short names are read: see "
     "IST0101."},
    {code::kYaml, "not the YAML that is read here",
     "A configuration has to mean one thing. Refused are: duplicate keys, anchors and aliases, merge keys "
     "(<<), tags\n"
     "(!!x), tabs as indentation, NUL and invalid UTF-8, more than 64 levels, more than 4 MiB, 10,000 "
     "documents or\n"
     "400,000 values in a file. Lists and maps are told by their indentation: the caret shows where it "
     "went wrong."},
    {code::kUnsupported, "read and checked, and does not act yet",
     "The kind, the field or the value is Istio's and is checked as Istio checks it, but nothing here acts "
     "on it. The\n"
     "control plane and a sidecar with --config refuse the resource rather than drop a part of it; "
     "`validate` only says\n"
     "so. `outriderctl explain KIND.FIELD` says what acts."},
    {code::kUnknownKind, "another software's resource",
     "The kind is none of Istio's and says nothing about the mesh. It is skipped, and told once a kind."},
    {code::kDuplicateResource, "a resource that is there twice",
     "Two documents have the same kind, namespace and name. Which one holds would be chance, so the second "
     "one is\n"
     "refused. Remove one, or rename it."},
    {code::kRouteWeight, "`weight` beside `route`",
     "Weights belong to destinations. Where rules without `match` follow one another and all carry a "
     "weight, one split\n"
     "is plainly meant, and is what happens here; a setting that only some of them give holds for all of "
     "it. Istio\n"
     "refuses the field, or drops it and sends everything to the first rule. `outriderctl fix` writes it "
     "as Istio has it."},
    {code::kMidPathStar, "`*` in the middle of a path",
     "Istio knows * at the end (/a/*), at the beginning (*.js) and alone. In the middle it compares the "
     "character: such a\n"
     "rule matches no request. Here /a/*/b means one segment, as /a/{*}/b does in Istio; `outriderctl fix` "
     "writes that."},
    {code::kNeverEjects, "outlier detection that can never eject",
     "maxEjectionPercent of the endpoints is less than one of them, so that no failure ever ejects any. "
     "With n endpoints\n"
     "write at least 100/n."},
    {code::kUnsafeRetry, "a request that may be processed twice",
     "The condition retries after the service may have acted: a POST may charge a card twice. Match only "
     "methods that\n"
     "may be repeated, or retry on connect-failure,refused-stream only."},
};

}  // namespace

std::span<const CodePage> code_pages() { return kPages; }

const CodePage* code_page(std::string_view code) {
  const auto found = std::find_if(std::begin(kPages), std::end(kPages), [&](const CodePage& page) {
    return ascii::equals_ignoring_case(page.code, code);
  });
  return found == std::end(kPages) ? nullptr : &*found;
}

}  // namespace outrider::config
