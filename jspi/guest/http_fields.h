// The fields of an HTTP head as http.client and the email package have them, for heads that are plain: each line a name, a
// colon and a value, ended by LF or CR LF. Everything else is for the email package, which knows what is made of it.
//
// Called on: any stack that has a thread state attached. Nothing here waits.
#ifndef BLOCKON_JSPI_GUEST_HTTP_FIELDS_H_
#define BLOCKON_JSPI_GUEST_HTTP_FIELDS_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef http_fields_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_HTTP_FIELDS_H_
