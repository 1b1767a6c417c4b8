// Text of environment variables: os.environ turns each name and value to bytes and back, at every look.
//
// Called on: any stack that has a thread state attached. Nothing here waits.
#ifndef BLOCKON_JSPI_GUEST_ENVIRONMENT_TEXT_H_
#define BLOCKON_JSPI_GUEST_ENVIRONMENT_TEXT_H_

#include "python_api.h"

namespace blockon {

extern PyMethodDef environment_text_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_ENVIRONMENT_TEXT_H_
