// The transport of a connection: what it reads and writes for the time of one call, which is memory of the guest's.
//
// Nothing is kept of what is read: the guest gives what it has, and is told how much was taken. What has no room in the
// memory that is given for output is kept here and handed out later: kMostKept and what one more step of a connection makes, at most.
#ifndef BLOCKON_JSPI_ENGINE_TLS_MEMORY_BIO_H_
#define BLOCKON_JSPI_ENGINE_TLS_MEMORY_BIO_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "jspi/engine/tls/openssl_ptr.h"

namespace blockon {

class MemoryTransport {
 public:
  struct Span {
    char* data = nullptr;
    size_t size = 0;
  };

  static constexpr size_t kMostKept = 64 * 1024;

  // For the time until End(). `at_end`: after this input comes no other.
  void Begin(Span input, bool at_end, Span output);
  void End();

  size_t input_used() const { return input_used_; }
  size_t output_used() const { return output_used_; }
  size_t output_kept() const { return kept_.size(); }
  size_t output_room() const { return output_.size - output_used_; }
  // No step may make more output before this is handed out.
  bool is_full() const { return kept_.size() > kMostKept; }
  // How many bytes OpenSSL asked for when the input ended; 0 when it did not.
  size_t wanted() const { return wanted_; }

  // A BIO over this transport, which has to outlive it; null without memory.
  BioPtr NewBio();

 private:
  static const BIO_METHOD* Method();
  static int Read(BIO* bio, char* data, size_t size, size_t* done);
  static int Write(BIO* bio, const char* data, size_t size, size_t* done);
  static long Control(BIO* bio, int command, long number, void* pointer);

  Span input_;
  Span output_;
  bool at_end_ = false;
  size_t input_used_ = 0;
  size_t output_used_ = 0;
  size_t wanted_ = 0;
  std::string kept_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_MEMORY_BIO_H_
