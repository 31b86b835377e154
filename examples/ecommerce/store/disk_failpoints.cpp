#include "store/disk_failpoints.hpp"

#include <sqlite3.h>

#include "faults/failpoint.hpp"
#include "faults/faulty_disk.hpp"
#include "store/writer.hpp"

namespace shop {

void install_disk_failpoints() {
  if (!faults_possible()) return;
  faulty_disk::install();
  faulty_disk::on_log_sync([] {
    for (const auto& name : commit_under_way()) failpoint(name + ".before-fsync");
    return fault_is_on("disk-error") ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  });
  faulty_disk::on_write([] { return fault_is_on("disk-full") ? SQLITE_FULL : SQLITE_OK; });
}

}  // namespace shop
