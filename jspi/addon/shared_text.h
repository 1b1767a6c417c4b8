// The text of a file as a string whose characters are in memory once for all isolates of the process: those that run scripts of the
// runtime have the same ones, about a megabyte for each Worker otherwise.
#ifndef BLOCKON_JSPI_ADDON_SHARED_TEXT_H_
#define BLOCKON_JSPI_ADDON_SHARED_TEXT_H_

#include <v8.h>

namespace blockon {

// sharedText(file) -> string: of a file in ASCII. One in UTF-8 beyond that is the isolate's own. What the process has read it looks at anew
// when no string has it any more. Throws for a file that cannot be read.
void SharedText(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_SHARED_TEXT_H_
