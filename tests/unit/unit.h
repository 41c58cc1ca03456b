/* cmocka with the headers that it wants before it. */
#ifndef BSRE_UNIT_H
#define BSRE_UNIT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#endif
