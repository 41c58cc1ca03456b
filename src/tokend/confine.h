/* A child process at a reader gives up what it will not need: files, new programs, other sockets than
 * Unix ones. What a hostile card's replies might make of it is then little. */
#ifndef BSRE_TOKEND_CONFINE_H
#define BSRE_TOKEND_CONFINE_H

enum confined { CONFINED_WORKER = 1, CONFINED_MONITOR = 2 };

/* For good. After it no file can be opened (Landlock) and no system call be made that confine.def does not
 * list (seccomp). A kernel without the one or the other is logged and does not stop the process. */
void confine(enum confined who);
#endif
