// Files that whoever started this process has checked and copied into sealed memory meanwhile (jspi/launcher/handing.h): descriptors, each with the
// key of what is in it, and a pipe that tells of one after the other when it is there. Any thread.
//
// It is a short cut and nothing else. What is not sealed, not of the key, not there in time or not whole is not used, and the file is read in its
// place.
#ifndef BLOCKON_JSPI_UTIL_HANDED_FILES_H_
#define BLOCKON_JSPI_UTIL_HANDED_FILES_H_

#include <string>
#include <string_view>

namespace blockon {

// What each kind of file has, from this place on.
constexpr int kHandedKeyOffset = 8;
constexpr int kHandedKeySize = 64;
// The pipe's word for each, in their order.
constexpr char kHandedWhole = '+';
constexpr char kHandedNot = '-';

// The files by their description, PIPE,FD=KEY,FD=KEY ...: from now on they are asked for, and closed with their process's image. False where it
// is none.
bool TakeHandedFiles(std::string_view description);

// The sealed memory of that key, which is the caller's from now on; waits for it while it is being copied. Negative where there is none.
int HandedFile(std::string_view key);

// Closes those that nobody has asked for. How many were used.
int DropHandedFiles();

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_HANDED_FILES_H_
