# One interface target carries warnings, hardening and sanitizers to every room.
add_library(customhouse_flags INTERFACE)
target_compile_options(customhouse_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Woverloaded-virtual -Wnon-virtual-dtor -Wimplicit-fallthrough -Wundef -Werror=return-type
  -fstack-protector-strong -fcf-protection -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_compile_definitions(customhouse_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
  $<$<NOT:$<CONFIG:Release,RelWithDebInfo>>:_GLIBCXX_ASSERTIONS>)
target_link_options(customhouse_flags INTERFACE -fuse-ld=lld-19 -Wl,-z,relro,-z,now)
if(CUSTOMHOUSE_SANITIZE)
  target_compile_options(customhouse_flags INTERFACE
    -fsanitize=${CUSTOMHOUSE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Coroutine frames: clang 19 cannot place -fsanitize=function's prologue data in them.
  if(CUSTOMHOUSE_SANITIZE MATCHES "undefined")
    target_compile_options(customhouse_flags INTERFACE -fno-sanitize=function)
  endif()
  target_compile_definitions(customhouse_flags INTERFACE
    # A recycled frame hides a use after free from ASan.
    BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING CUSTOMHOUSE_SANITIZED)
  target_link_options(customhouse_flags INTERFACE -fsanitize=${CUSTOMHOUSE_SANITIZE})
else()
  target_compile_definitions(customhouse_flags INTERFACE
    $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
