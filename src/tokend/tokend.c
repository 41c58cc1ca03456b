/* bsre-tokend: the broker's beginning, and the door to its other parts. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include "broker.h"
#include "children.h"
#include "conf.h"
#include "door.h"
#include "guard.h"
#include "language.h"
#include "ledger.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "peer.h"
#include "token.h"

enum { EXIT_USAGE = 64, VTOKENS_MAX = 15, CHILD_FD = 3, SCAN_LIMIT_MS = 2000, BACKLOG = 128 };
#define NOT_GIVEN UINT32_MAX

struct options {
	const char *socket, *conf, *ledger;
	char       *vtokens[VTOKENS_MAX + 1];
	unsigned    vtoken_count;
	bool        pcsc;
	int         listen_fd;
	bool        made_socket;
	uint32_t    idle_exit;		/* NOT_GIVEN: as the configuration says */
};

static int usage(FILE *to)
{
	fputs("usage: bsre-tokend [--socket PATH] [--config FILE] [--ledger FOLDER] [--vtoken SOCKET]...\n"
	      "                   [--no-pcsc] [--idle-exit SECONDS] [--verbose] [--version] [--help]\n"
	      "The token service of one user; normally started by systemd. See bsre-tokend(8).\n", to);
	return to == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

/* A number of an option; false and a message where it is none. */
static bool number(const char *text, const char *option, uint32_t *out)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || v > 1000000) {
		fprintf(stderr, "bsre-tokend: %s wants a number of seconds, not \"%s\"\n", option, text);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

/* -1: go on; else the exit status. */
static int options_read(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "socket", 1, NULL, 's' }, { "config", 1, NULL, 'c' },
		{ "ledger", 1, NULL, 'l' }, { "vtoken", 1, NULL, 'v' }, { "no-pcsc", 0, NULL, 'n' },
		{ "idle-exit", 1, NULL, 'i' }, { "verbose", 0, NULL, 'd' }, { "version", 0, NULL, 'V' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	static int verbosity = LOG_NOTICE;

	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
		switch (c) {
		case 's': o->socket = optarg; break;
		case 'c': o->conf = optarg; break;
		case 'l': o->ledger = optarg; break;
		case 'n': o->pcsc = false; break;
		case 'd': log_level((enum log_level)++verbosity); break;
		case 'V': puts("bsre-tokend " PACKAGE_VERSION); return EXIT_SUCCESS;
		case 'h': return usage(stdout);
		case 'i':
			if (!number(optarg, "--idle-exit", &o->idle_exit))
				return EXIT_USAGE;
			break;
		case 'v':
			if (o->vtoken_count == VTOKENS_MAX)
				return usage(stderr);
			o->vtokens[o->vtoken_count++] = optarg;
			break;
		default: return usage(stderr);
		}
	return optind == argc ? -1 : usage(stderr);
}

/* --- the socket ---------------------------------------------------------------------------------- */
/* A folder that only we may enter; made where it is missing. */
static bool folder_is_private(const char *path)
{
	char folder[sizeof(struct sockaddr_un)];
	struct stat st;

	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return false;
	*slash = '\0';
	mkdir(folder, 0700);
	return stat(folder, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* A socket, not a file or link that somebody keeps there. */
static bool is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* True where nobody answers at the path: a socket file that a killed broker left. */
static bool is_stale(const struct sockaddr_un *at)
{
	if (!is_socket(at->sun_path))
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stale = connect(fd, (const struct sockaddr *)at, sizeof *at) < 0 && errno == ECONNREFUSED;

	close(fd);
	return stale;
}

static int socket_make(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof at.sun_path || !folder_is_private(path)) {
		fprintf(stderr, "bsre-tokend: %s: the path is too long, or its folder is not this user's own\n", path);
		return -1;
	}
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (is_stale(&at))
		unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t before = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)&at, sizeof at);
	umask(before);
	if (rc < 0 || listen(fd, BACKLOG) < 0) {
		fprintf(stderr, "bsre-tokend: %s: %s\n", path,
		        errno != EADDRINUSE ? strerror(errno) :
		        is_socket(path) ? "another bsre-tokend runs there" : "something that is no socket is there");
		close(fd);
		return -1;
	}
	return fd;
}

static bool socket_open(struct options *o)
{
	static char path[sizeof(struct sockaddr_un)];
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (sd_listen_fds(1) == 1) {
		o->listen_fd = SD_LISTEN_FDS_START;
		return true;
	}
	if (!o->socket)
		o->socket = getenv("BSRE_TOKEND_SOCKET");
	if (!o->socket) {
		if (run)
			snprintf(path, sizeof path, "%s/bsre-token/socket", run);
		else
			snprintf(path, sizeof path, "/run/user/%d/bsre-token/socket", (int)geteuid());
		o->socket = path;
	}
	o->listen_fd = socket_make(o->socket);
	o->made_socket = true;
	return o->listen_fd >= 0;
}

/* The prompt's unit listens beside our own socket. */
static void find_prompt(int fd)
{
	struct sockaddr_un at = { 0 };
	socklen_t n = sizeof at;
	char *slash;

	if (getsockname(fd, (struct sockaddr *)&at, &n) < 0 || !(slash = strrchr(at.sun_path, '/')))
		return;
	*slash = '\0';
	if (snprintf(broker.prompt_socket, sizeof broker.prompt_socket, "%s/prompt", at.sun_path) >=
	    (int)sizeof broker.prompt_socket)
		broker.prompt_socket[0] = '\0';
}

/* --- running ------------------------------------------------------------------------------------- */
/* A reader that does not tell in time does not keep programs waiting any longer. */
static int scan_over(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	broker.scan_over = true;
	requests_unpark(NULL);
	return 0;
}

static bool loop_setup(void)
{
	static const int quits[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < 3; i++)
		sigaddset(&set, quits[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_new(&broker.event) < 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (sd_event_add_signal(broker.event, NULL, quits[i], NULL, NULL) < 0)
			return false;
	return true;
}

/* Ends every worker through its socket, so that it closes its card. */
static void farewell(const struct options *o)
{
	for (struct token *t = broker.tokens; t; t = t->next)
		child_stop(&t->worker, false);
	if (o->made_socket)
		unlink(o->socket);
	ledger_close();
	log_line(LOG_NOTICE, "ends");
}

static int run(struct options *o)
{
	static sd_event_source *scan;

	if (!loop_setup() || !ok(peers_start()) || !ok(door_open(o->listen_fd)) ||
	    !ok(tokens_watch(o->pcsc, o->vtokens))) {
		log_line(LOG_ERROR, "cannot start");
		return EXIT_FAILURE;
	}
	guard_start();
	broker_after(&scan, SCAN_LIMIT_MS, scan_over, NULL);
	log_line(LOG_NOTICE, "version %s", PACKAGE_VERSION);
	sd_notify(0, "READY=1");
	int rc = sd_event_loop(broker.event);
	farewell(o);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options o = { .pcsc = true, .listen_fd = -1, .idle_exit = NOT_GIVEN,
	                     .conf = SYSCONFDIR "/bsre-tokend.conf" };

	secret_harden();
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return worker_main(CHILD_FD, argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "monitor") == 0)
		return monitor_main(CHILD_FD, argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "prompt") == 0)
		return prompt_main(CHILD_FD);
	log_name("bsre-tokend");
	language_start();
	int rc = options_read(argc, argv, &o);
	if (rc >= 0)
		return rc;
	broker.self = "/proc/self/exe";
	conf_default(&broker.conf);
	if (!ok(conf_read(&broker.conf, o.conf)))
		log_line(LOG_WARNING, "goes on with the defaults");
	if (o.idle_exit != NOT_GIVEN)
		broker.conf.idle_exit = o.idle_exit;
	if (!socket_open(&o))
		return EXIT_FAILURE;
	find_prompt(o.listen_fd);
	if (!ok(ledger_open(o.ledger)))
		log_line(LOG_WARNING, "goes on without a ledger");
	return run(&o);
}
