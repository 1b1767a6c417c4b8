// The heads of HTTP/1.1 messages as h11 has them (RFC 9112), for those that are plain: a body of known length, and a connection
// that is kept. Everything else is for h11 itself.
//
// Called on: any stack that has a thread state attached. Nothing here waits.
#ifndef BLOCKON_JSPI_GUEST_HTTP_MESSAGES_H_
#define BLOCKON_JSPI_GUEST_HTTP_MESSAGES_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef http_messages_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_HTTP_MESSAGES_H_
