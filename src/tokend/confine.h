/* A child process at a reader gives up what it will not need: files, new programs, other sockets than
 * Unix ones. What a hostile card's replies might make of it is then little. */
#ifndef BSRE_TOKEND_CONFINE_H
#define BSRE_TOKEND_CONFINE_H

enum confined { CONFINED_WORKER = 1, CONFINED_MONITOR = 2 };

/* For good. After it no file can be opened (Landlock) and no system call be made that confine.def does not
 * list (seccomp). A kernel without the one or the other is logged and does not stop the process. */
void confine(enum confined who);

/* The same for a process that loads somebody else's PKCS#11 module, of which nobody knows what it calls. It
 * reads the system's folders and what `readable` names, and writes into what `writable` names
 * (NULL-terminated); it starts no program, opens no socket but Unix ones, and does nothing else that
 * confine.def calls deadly. */
void confine_module(char *const *readable, char *const *writable);
#endif
