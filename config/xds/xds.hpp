#pragma once
// Every generated xDS header. Heavy: for sources that build or read xDS messages,
// never for headers.

#include "config/xds/cluster.pb.h"
#include "config/xds/core.pb.h"
#include "config/xds/discovery.pb.h"
#include "config/xds/endpoint.pb.h"
#include "config/xds/hcm.pb.h"
#include "config/xds/listener.pb.h"
#include "config/xds/matcher.pb.h"
#include "config/xds/previous_hosts.pb.h"
#include "config/xds/raw_buffer.pb.h"
#include "config/xds/rbac.pb.h"
#include "config/xds/rbac_filter.pb.h"
#include "config/xds/route.pb.h"
#include "config/xds/router.pb.h"
#include "config/xds/status.pb.h"
#include "config/xds/tls.pb.h"
#include "config/xds/type.pb.h"
#include "config/xds/upstream_http.pb.h"
#include "config/xds/uri_template.pb.h"
