// Calls of built-in functions and methods: CPython calls a C function with up to three arguments whatever number it takes, which C's
// calling conventions allow and wasm does not.
//
// Upstream asks the type of the function at each call, in a wasm module of its own (its "trampoline"), which takes 6 to 14 ns: a tenth of
// `lock.acquire()`. Here the answer is kept. It holds for the slots that the module's table has when Python starts: nobody gives those
// back. Functions of modules that are loaded later go by upstream's way.
//
// A memory snapshot keeps the answers: another instance has the same functions in these slots.
//
// Called on any stack.
#ifndef BLOCKON_JSPI_GUEST_BUILTIN_CALL_H_
#define BLOCKON_JSPI_GUEST_BUILTIN_CALL_H_

namespace blockon {

// Once, before Python code runs: from now on CPython's calls of built-in functions come here.
void TakeBuiltinCalls();

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_BUILTIN_CALL_H_
