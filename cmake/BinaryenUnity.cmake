# Included by Binaryen's own CMakeLists.txt (CMAKE_PROJECT_binaryen_INCLUDE, tools/binaryen.py): its library is compiled
# eight sources at a time, which takes a third of the time, as most of a source's is its headers. Apart stay sources that
# define a macro, a name or a specialization that another one defines too.
cmake_policy(PUSH)
cmake_policy(VERSION 3.25)
file(GLOB _apart ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/src/analysis/*.cpp
     ${CMAKE_CURRENT_SOURCE_DIR}/src/cfg/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/src/wasm/*.cpp)
foreach(
  _pass
  ConstraintAnalysis
  DeadArgumentElimination2
  HeapStoreOptimization
  Inlining
  OnceReduction
  Precompute
  Print
  PrintFunctionMap
  RedundantSetElimination
  RemoveNonJSOps
  TypeGeneralizing
  TypeMerging
  TypeRefining
  param-utils
  pass)
  set(_source ${CMAKE_CURRENT_SOURCE_DIR}/src/passes/${_pass}.cpp)
  if(NOT EXISTS ${_source})
    message(FATAL_ERROR "Binaryen has no ${_source}, which cmake/BinaryenUnity.cmake names")
  endif()
  list(APPEND _apart ${_source})
endforeach()
set_source_files_properties(${_apart} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
cmake_language(DEFER CALL set_target_properties binaryen PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
cmake_policy(POP)
