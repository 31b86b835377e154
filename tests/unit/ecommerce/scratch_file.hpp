#pragma once
// A database file of one test's own, gone when the test is over.
#include <stdlib.h>

#include <filesystem>
#include <string>

class ScratchFile {
 public:
  ScratchFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shop-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return (folder_ / "shop.db").string(); }

 private:
  std::filesystem::path folder_;
};
