// Memory that came from another wasm instance, by a memory snapshot: what it tells of that instance must be forgotten at the first
// use in this one.
#ifndef BLOCKON_JSPI_GUEST_INSTANCE_H_
#define BLOCKON_JSPI_GUEST_INSTANCE_H_

// Bits: who asks, each once in an instance. What is in the table (foreign_signature.cc), what the engine is told and tells (fiber.cc),
// what the slice clock was asked for (time_slices.cc), the seed (random_switches.cc), who counts arguments (builtin_call.cc).
enum blockon_instance_part : int {
  BLOCKON_INSTANCE_TABLE = 1,
  BLOCKON_INSTANCE_ENGINE = 2,
  BLOCKON_INSTANCE_SLICES = 4,
  BLOCKON_INSTANCE_SEED = 8,
  BLOCKON_INSTANCE_COUNTER = 16
};

// 1 for the first call of this part in an instance, then 0.
extern "C" int blockon_is_new_instance(blockon_instance_part part);  // instance.s

#endif  // BLOCKON_JSPI_GUEST_INSTANCE_H_
