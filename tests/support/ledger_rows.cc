// Changes rows of a ledger as whoever has the disk could: for the tamper tests. Reads lines from
// standard input: "put FAMILY KEY VALUE", "delete FAMILY KEY", "get FAMILY KEY" (prints the value),
// keys and values in hexadecimal.
#include <rocksdb/db.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

int fail(const std::string& what) {
  std::fprintf(stderr, "ledger_rows: %s\n", what.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail("usage: ledger_rows FOLDER < commands");
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies({}, argv[1], &names);
  if (!status.ok()) return fail(status.ToString());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  status = rocksdb::DB::Open({}, argv[1], families, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return fail(status.ToString());
  for (std::string line; status.ok() && std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, family, key, value;
    words >> verb >> family >> key >> value;
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    for (auto* one : handles)
      if (one->GetName() == family) handle = one;
    if (handle == nullptr) return fail("no column family " + family);
    if (verb == "put") {
      status = db->Put({}, handle, from_hex(key), from_hex(value));
    } else if (verb == "delete") {
      status = db->Delete({}, handle, from_hex(key));
    } else {
      status = db->Get({}, handle, from_hex(key), &value);
      for (const char c : value) std::printf("%02x", static_cast<unsigned char>(c));
      std::printf("\n");
    }
  }
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  if (status.ok()) status = db->Close();
  return status.ok() ? 0 : fail(status.ToString());
}
