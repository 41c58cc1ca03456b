/* Connections are taken here and looked at before a byte of them is read. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "door.h"
#include "lib/log.h"
#include "lib/text.h"
#include "peer.h"

enum { FILES_WANTED = 2 * PEERS_MAX, PAUSE_MS = 200 };

static sd_event_source *door, *pause_end;

/* --- who may ------------------------------------------------------------------------------------- */
/* Nothing is parsed before this: the kernel says who it is, and only our own user may. */
static bool is_ours(struct peer *p)
{
	struct ucred who;
	socklen_t n = sizeof who;
	char link[32];

	if (getsockopt(p->fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 || who.uid != geteuid()) {
		log_line(LOG_WARNING, "refused a connection of uid=%d", (int)who.uid);
		return false;
	}
	p->pid = who.pid;
	snprintf(link, sizeof link, "/proc/%d/exe", (int)who.pid);
	ssize_t got = readlink(link, p->program, sizeof p->program - 1);
	p->program[got > 0 ? got : 0] = '\0';
	text_undelete(p->program);	/* one that was upgraded is still the program that it was */
	apps_sandbox(who.pid, p->fd, p->sandbox, sizeof p->sandbox);
	return true;
}

/* One process does not take the places of all others. */
static bool has_place(const struct peer *p)
{
	unsigned all = 0;

	for (const struct peer *o = broker.peers; o; o = o->next)
		all++;
	if (all < PEERS_MAX && peers_usage(p).peers < PEERS_OF_ONE)
		return true;
	log_line(LOG_WARNING, "pid=%d has too many connections", (int)p->pid);
	return false;
}

/* It never said who it is, or half of it. */
static int out_of_patience(sd_event_source *s, uint64_t usec, void *data)
{
	struct peer *p = data;

	(void)s, (void)usec;
	broker_cancel(&p->patience);
	if (!p->greeted) {
		log_line(LOG_INFO, "peer pid=%d said no Hello", (int)p->pid);
		peer_hang_up(p);
	}
	return 0;
}

static bool let_in(struct peer *p)
{
	if (!is_ours(p) || !has_place(p) || !peer_welcome(p))
		return false;
	broker_after(&p->patience, PEER_HELLO_MS, out_of_patience, p);
	return true;
}

/* --- taking them --------------------------------------------------------------------------------- */
static int pause_over(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	broker_cancel(&pause_end);
	sd_event_source_set_enabled(door, SD_EVENT_ON);
	return 0;
}

/* A connection that cannot be taken stays in the queue and would wake us again at once: it waits, like all
 * behind it. */
static void rest(void)
{
	log_line(LOG_WARNING, "no connection can be taken: errno=%d", errno);
	sd_event_source_set_enabled(door, SD_EVENT_OFF);
	broker_after(&pause_end, PAUSE_MS, pause_over, NULL);
}

/* Kept for the time when no descriptor is left: it is given up for a moment, so that who knocks is
 * refused and need not wait until somebody leaves. */
static int reserve = -1;

static bool turn_away(int listen_fd)
{
	if (reserve >= 0)
		close(reserve);
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	int error = errno;
	if (fd >= 0)
		close(fd);
	reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	errno = error;
	if (fd >= 0)
		log_line(LOG_WARNING, "no descriptor is left: a program is refused");
	return fd >= 0;
}

static void nobody_came(int listen_fd)
{
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	if ((errno != EMFILE && errno != ENFILE) || !turn_away(listen_fd))
		rest();
}

static int knock(sd_event_source *s, int listen_fd, uint32_t events, void *data)
{
	(void)s, (void)events, (void)data;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		nobody_came(listen_fd);
		return 0;
	}
	struct peer *p = calloc(1, sizeof *p);
	if (p)
		p->fd = fd;
	if (!p || !let_in(p)) {
		free(p);
		close(fd);
	}
	return 0;
}

/* A descriptor for each peer, and some for workers: as many as we may have. */
static void ask_for_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= FILES_WANTED)
		return;
	l.rlim_cur = l.rlim_max < FILES_WANTED ? l.rlim_max : FILES_WANTED;
	setrlimit(RLIMIT_NOFILE, &l);
}

err door_open(int fd)
{
	ask_for_files();
	reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return sd_event_add_io(broker.event, &door, fd, EPOLLIN, knock, NULL) < 0 ? FAIL(GENERAL) : OK;
}
