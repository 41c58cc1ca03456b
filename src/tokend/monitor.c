/* Watching readers: events to the broker, and waiting for a service that is not there. */
#include "config.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "children.h"
#include "confine.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "module.h"
#include "monitor.h"
#include "wire/frame.h"

enum {
	PATH_BYTES = 256,
	EVENT_BYTES = 1024,			/* a reader's name, an ATR */
	WAIT_FIRST_MS = 200, WAIT_MOST_MS = 5000
};

static int broker_fd = -1;

/* --- telling --------------------------------------------------------------------------------- */
static void send_all(struct span s)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		ssize_t n = send(broker_fd, c.p, cur_left(&c), MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			exit(EXIT_SUCCESS);	/* nobody listens any more */
		cur_take(&c, (size_t)n);
	}
}

#define TELL(event, fields) do { \
	uint8_t room[EVENT_BYTES]; \
	struct buf b = BUF(room); \
	size_t begin = frame_begin(&b, 0, event##_ID, 0); \
	event##_put_in(&b, fields); \
	frame_end(&b, begin); \
	send_all(buf_span(&b)); \
} while (0)

void tell_reader(struct ReaderState_in *state)
{
	TELL(ReaderState, state);
}

void tell_gone(const char *reader)
{
	struct ReaderGone_in in = { .reader = span_str(reader) };

	TELL(ReaderGone, &in);
}

void tell_service(bool up)
{
	struct ServiceState_in in = { .up = up };

	TELL(ServiceState, &in);
}

void tell_scan_done(void)
{
	static bool told;
	struct ScanDone_in in = { 0 };

	if (told)
		return;
	told = true;
	TELL(ScanDone, &in);
}

/* --- waiting --------------------------------------------------------------------------------- */
/* Until fd (-1: none) is readable or the time is over (-1: never). */
static void wait_for(int fd, int ms)
{
	struct pollfd p[] = { { broker_fd, POLLIN, 0 }, { fd, POLLIN, 0 } };

	while (poll(p, 2, ms) < 0 && errno == EINTR)
		;
	if (p[0].revents)
		exit(EXIT_SUCCESS);		/* it never speaks to a monitor: this is its end */
}

void monitor_wait_fd(int fd)
{
	wait_for(fd, -1);
}

/* Cuts the path down to the folder it lies in: "/" at the end of all. */
static void to_folder(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] != '/')
		n--;
	path[n > 1 ? n - 1 : 1] = 0;
}

/* Watches the nearest folder of the path that exists for something new. */
static void watch_folder(int inotify, const char *path)
{
	char folder[PATH_BYTES];

	if (!reader_name(span_str(path), folder, sizeof folder) || folder[0] != '/')
		return;
	do
		to_folder(folder);
	while (inotify_add_watch(inotify, folder, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0 && folder[1]);
}

void monitor_wait(const char *path, unsigned attempt)
{
	int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int ms = attempt > 4 ? WAIT_MOST_MS : WAIT_FIRST_MS << attempt;

	if (inotify >= 0)
		watch_folder(inotify, path);
	/* asked after the watch stands, so that nothing appears unseen between the two */
	bool there = access(path, F_OK) == 0;
	wait_for(inotify, there || inotify < 0 ? ms : -1);
	if (inotify >= 0)
		close(inotify);
}

/* --- a module's own slots, told once ----------------------------------------------------------- */
static void tell_slot(const char *name)
{
	struct ReaderState_in state = { .reader = span_str(name), .present = 1 };

	tell_reader(&state);
}

static int tell_module(int argc, char **argv)
{
	static struct module m;

	if (!module_start(&m, argc, argv))
		return 64;			/* EX_USAGE */
	struct ModuleState_in in = { .module = span_str(m.name), .code = cryptoki_slots(&m, tell_slot).code };
	TELL(ModuleState, &in);
	return EXIT_SUCCESS;
}

/* --- the process ----------------------------------------------------------------------------- */
int monitor_main(int fd, int argc, char **argv)
{
	bool vtoken = argc == 2 && strcmp(argv[0], "--vtoken") == 0;
	bool module = argc > 1 && strcmp(argv[0], "--module") == 0;

	if (argc != 0 && !vtoken && !module)
		return 64;			/* EX_USAGE */
	/* a wait inside pcsc-lite cannot see that the broker is gone */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	secret_harden();
	log_name("monitor");
	broker_fd = fd;
	if (module)
		return tell_module(argc - 1, argv + 1);
	confine(CONFINED_MONITOR);
	if (vtoken)
		monitor_vtoken(argv[1]);
	monitor_pcsc();
}
