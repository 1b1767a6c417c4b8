# How our own C++ is compiled: blockon::compile_options, for every target of ours.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(blockon_compile_options INTERFACE)
add_library(blockon::compile_options ALIAS blockon_compile_options)
target_compile_features(blockon_compile_options INTERFACE cxx_std_20)
# Node and Binaryen are built without RTTI.
target_compile_options(blockon_compile_options INTERFACE -Wall -Wextra -Werror $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)

if(BLOCKON_SANITIZE)
  target_compile_options(blockon_compile_options INTERFACE -fsanitize=${BLOCKON_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(blockon_compile_options INTERFACE -fsanitize=${BLOCKON_SANITIZE})
endif()
