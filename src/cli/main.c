/* bsre-token: one command, one exit status. */
#include "config.h"
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "args.h"
#include "help.h"
#include "lib/secret.h"
#include "print.h"
#include "say.h"
#include "service.h"
#include "token.h"

/* Makes ready what the command needs, and runs it. */
static err run(struct cli *c)
{
	const struct command *cmd = c->args.cmd;

	if (given(c, OPT_version))
		return cmd_version(c);
	if (!cmd) {
		help_overview(given(c, OPT_help) ? stdout : stderr);
		return given(c, OPT_help) ? OK : say_fail(FAIL(USAGE), _("no command was given"));
	}
	if (given(c, OPT_help)) {
		help_command(cmd);
		return OK;
	}
	/* hardened before any secret is read, but after the service saw who connects: it reads
	 * /proc/PID/exe for the history, and of a hardened process it may not */
	if (cmd->needs >= NEEDS_DAEMON)
		TRY(service_connect(c));
	secret_harden();
	if (cmd->needs >= NEEDS_TOKEN)
		TRY(token_choose(c));
	return cmd->run(c);
}

/* Prints what is to be printed and gives the exit status. */
static int finish(struct cli *c, err e)
{
	if (!ok(e))
		say_end(c, e);
	if (given(c, OPT_json) && json_object_size(c->result) > 0)
		if (!ok(print_json(c->result)) && ok(e))
			e = FAIL(FILE);
	if ((fflush(stdout) != 0 || ferror(stdout)) && ok(e)) {
		e = say_fail(FAIL(FILE), _("the result could not be written"));
		say_end(c, e);
	}
	return err_exit(e);
}

/* A descriptor of the standard three that is closed would be given to the next file or socket, and then
 * be read from or written to as what it is not. A result that nobody can get is a failure: /dev/full. */
static void open_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && (fd != STDOUT_FILENO || open("/dev/full", O_RDWR) != fd) &&
		    open("/dev/null", O_RDWR) != fd)
			_exit(err_exit(FAIL(GENERAL)));
}

int main(int argc, char **argv)
{
	struct cli c = { .result = json_object() };
	const char *locales = secure_getenv("BSRE_LOCALEDIR");	/* for a build that is not installed */

	open_standard();
	setlocale(LC_ALL, "");
	bindtextdomain(PACKAGE, locales ? locales : LOCALEDIR);
	bind_textdomain_codeset(PACKAGE, "UTF-8");
	textdomain(PACKAGE);
	err e = args_parse(argc, argv, &c.args);
	say_quiet(given(&c, OPT_quiet) || given(&c, OPT_json));
	if (ok(e))
		e = run(&c);
	int status = finish(&c, e);
	if (c.link) {
		link_close(c.link);
		link_free(c.link);
	}
	json_decref(c.result);
	return status;
}
