# Binaryen's C++ API: blockon::binaryen. Its sources come from an npm package and are built once into a cache outside of
# this tree (tools/binaryen.py); BLOCKON_BINARYEN_DIR names that cache entry: source/ and build/.
if(NOT EXISTS ${BLOCKON_BINARYEN_DIR}/build/lib/libbinaryen.a)
  message(FATAL_ERROR "BLOCKON_BINARYEN_DIR holds no built Binaryen: run `./dev build`, which passes it")
endif()
find_package(Threads REQUIRED)
add_library(blockon_binaryen INTERFACE)
add_library(blockon::binaryen ALIAS blockon_binaryen)
target_include_directories(
  blockon_binaryen SYSTEM INTERFACE ${BLOCKON_BINARYEN_DIR}/source/src ${BLOCKON_BINARYEN_DIR}/source/third_party/FP16/include
                                    ${BLOCKON_BINARYEN_DIR}/build)
target_compile_definitions(blockon_binaryen INTERFACE BUILD_LLVM_DWARF)
target_link_libraries(blockon_binaryen INTERFACE ${BLOCKON_BINARYEN_DIR}/build/lib/libbinaryen.a Threads::Threads)
