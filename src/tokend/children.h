/* The daemon's child processes, as its main function starts them: bsre-tokend exec'd again with
 * "worker", "monitor" or "prompt" as its first argument and a socketpair to the broker as descriptor 3. */
#ifndef BSRE_TOKEND_CHILDREN_H
#define BSRE_TOKEND_CHILDREN_H

/* How a worker ends. Anything else, and every signal, is a crash. */
enum {
	WORKER_EXIT_DONE = 0,		/* the broker hung up; the card was closed */
	WORKER_EXIT_FRAME = 76,		/* the broker sent something that is no frame (EX_PROTOCOL) */
	/* Another program kept the card for longer than connecting may take. The job was answered, and
	 * nothing was sent to the card: there is nothing to quarantine. */
	WORKER_EXIT_BUSY = 75		/* EX_TEMPFAIL */
};

/* Serves jobs.def on fd until end of file. The first argument: the seconds that it may wait for another
 * program that has the card. Where more follow they are a module (children_module). Gives the exit
 * status. */
int worker_main(int fd, int argc, char **argv);

/* Tells on fd what happens at the readers (events.def), until the broker is gone. No arguments: it
 * watches pcscd. "--vtoken" SOCKET: it watches that one virtual token instead. "--module" and a module's
 * arguments: it tells that module's own slots once, and ends. Gives the exit status, 64 for other arguments. */
int monitor_main(int fd, int argc, char **argv);

/* Answers the one question that comes on fd (prompts.def) with a dialog of pinentry. Gives the exit
 * status, WORKER_EXIT_FRAME where it was no question. */
int prompt_main(int fd);

/* The arguments that name a PKCS#11 module: NAME PATH SHA256 PART, then NAME=VALUE for the environment and
 * /FOLDER where it may write. SHA256 "-": it is not pinned; NAME "opensc": it is OpenSC's. */
enum { MODULE_ARGS_LEAST = 4, MODULE_ARGS_MAX = 12 };
#endif
