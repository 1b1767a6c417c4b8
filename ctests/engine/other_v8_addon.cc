// The addon as if it were built with another V8: it must refuse to load in this one.
#include <v8-version.h>

#undef V8_MINOR_VERSION
#define V8_MINOR_VERSION 99

#include "jspi/addon/addon.cc"
