/* How a program finds the broker's socket, gets on it, and what it says of itself. */
#ifndef BSRE_WIRE_HELLO_H
#define BSRE_WIRE_HELLO_H
#include "calls.h"

enum { HELLO_PATH_MAX = 108 };		/* sockaddr_un's sun_path, its NUL included */

/* Where the socket is (see link_new): a C string in `room`; empty where the path does not fit. */
void hello_path(const char *path, char room[HELLO_PATH_MAX]);

/* A connected, close-on-exec, non-blocking socket whose other end runs under our own user.
 * E_NO_DAEMON: nobody listens there, or somebody else does. E_TOKEN_BUSY: somebody listens and has too
 * many waiting; try again soon. */
err hello_connect(const char *path, int *fd) MUST_USE;

/* What Hello tells of this program; its fields borrow from `store`. */
struct hello_store { char tty[128], locale[256]; };
void hello_fill(struct Hello_in *in, struct hello_store *store);
#endif
