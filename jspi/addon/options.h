// How the addon reads what JavaScript gives it.
#ifndef BLOCKON_JSPI_ADDON_OPTIONS_H_
#define BLOCKON_JSPI_ADDON_OPTIONS_H_

#include <v8.h>

#include <string>
#include <vector>

#include "jspi/net/outbound_policy.h"

namespace blockon {

// An own option of the caller's object; empty with an exception pending.
v8::MaybeLocal<v8::Value> GetOption(v8::Local<v8::Context> context, v8::Local<v8::Value> options, const char* name);

// A positive integer, left as it is when absent; false with an exception pending, in which `what` begins the text.
bool ReadCount(v8::Local<v8::Value> value, const std::string& what, int* count);

// An array of strings, empty when absent; false with an exception pending, in which `name` is what they are.
bool ReadTexts(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const std::string& name,
               std::vector<std::string>* texts);

// As ReadTexts() of an own option of the caller's object.
bool ReadTextsOption(v8::Local<v8::Context> context, v8::Local<v8::Value> options, const char* name,
                     const std::string& what, std::vector<std::string>* texts);

// {allow, deny}, or undefined for a policy that allows all; false with an exception pending.
bool ReadPolicy(v8::Local<v8::Context> context, v8::Local<v8::Value> rules, OutboundPolicy* policy);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ADDON_OPTIONS_H_
