// js_identity.cc has the essay.
#ifndef BLOCKON_JSPI_GUEST_JS_IDENTITY_H_
#define BLOCKON_JSPI_GUEST_JS_IDENTITY_H_

#include "python_api.h"

namespace blockon {

// The function of the module _blockon by which the Python half installs js_id.
extern PyMethodDef js_identity_methods[];

}  // namespace blockon

#endif  // BLOCKON_JSPI_GUEST_JS_IDENTITY_H_
