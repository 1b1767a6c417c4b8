// Why the outbound policy refused the engine's last call for a socket or a name.
#ifndef BLOCKON_JSPI_GUEST_OUTBOUND_REFUSAL_H_
#define BLOCKON_JSPI_GUEST_OUTBOUND_REFUSAL_H_

#include "engine_api.h"

namespace blockon {

class OutboundRefusal {
 public:
  OutboundRefusal() {
    const int size = blockon_socket_refusal(text_, sizeof(text_) - 1);
    text_[size > 0 ? size : 0] = '\0';
  }
  // False where the policy had nothing against it.
  explicit operator bool() const { return text_[0] != '\0'; }
  const char* text() const { return text_; }

 private:
  char text_[512];
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_OUTBOUND_REFUSAL_H_
