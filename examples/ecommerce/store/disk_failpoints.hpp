#pragma once
// Lets the failpoints reach the disk of a service's databases: NAME.before-fsync stops at a commit's
// sync, after its writes; disk-full and disk-error do what they say. Nothing when failpoints are off.
namespace shop {

// Before the first database is opened.
void install_disk_failpoints();

}  // namespace shop
