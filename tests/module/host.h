/* A program that has loaded the module, as a browser would. */
#ifndef BSRE_TEST_HOST_H
#define BSRE_TEST_HOST_H
#include "pkcs11/pkcs11-3.h"

/* dlopens the built module (or $P11_MODULE), RTLD_NOW | RTLD_LOCAL, and gives its 3.0 list; ends the
 * program where it cannot. */
CK_FUNCTION_LIST_3_0 *host_load(void **handle);

/* A new folder for sockets; removed, with the files in it, when the program ends. */
const char *host_folder(void);
#endif
