/* The door: who may connect, and how many. */
#ifndef BSRE_TOKEND_DOOR_H
#define BSRE_TOKEND_DOOR_H
#include "lib/err.h"

/* Takes connections from a listening socket, which stays the caller's. */
err door_open(int fd) MUST_USE;
#endif
