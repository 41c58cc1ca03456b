/* src/wire/link.c against a broker that is a thread of this test: order, loss, nonsense, threads. */
#include "config.h"
#include "unit.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "wire/link.h"

static char path[] = "/tmp/bsre-test-link.XXXXXX/s";
enum { DIR_LENGTH = sizeof path - 3 };

/* --- the other end ---------------------------------------------------------------------------- */
struct broker { int listener; pthread_t thread; void (*serve)(int fd); int rounds; };

static void listen_on(struct broker *b)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	unlink(path);
	b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(b->listener, 5), 0);
}

static bool all_in(int fd, uint8_t *p, size_t n)
{
	return n == 0 || recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

/* The next request; false at the end. */
static bool next(int fd, uint8_t room[FRAME_MAX], struct frame *f)
{
	if (!all_in(fd, room, FRAME_HEAD))
		return false;
	size_t n = frame_size((struct span){ room, FRAME_HEAD });
	return n <= FRAME_MAX && all_in(fd, room + FRAME_HEAD, n - FRAME_HEAD) &&
	       ok(frame_open((struct span){ room, n }, f));
}

static void say(int fd, struct buf *b)
{
	assert_false(b->bad);
	(void)!send(fd, b->p, b->n, MSG_NOSIGNAL);	/* the test may have hung up */
}

#define ANSWER(fd, x, asked, ...) do { \
	uint8_t room_[FRAME_MAX]; \
	struct buf b_ = BUF(room_); \
	struct x##_out out_ = { __VA_ARGS__ }; \
	frame_begin(&b_, asked, 0, 0); \
	x##_put_out(&b_, &out_); \
	frame_end(&b_, 0); \
	say(fd, &b_); \
} while (0)

static void refuse(int fd, uint32_t id, err e)
{
	uint8_t room[FRAME_HEAD];
	struct buf b = BUF(room);

	frame_begin(&b, id, e.code, e.sw);
	frame_end(&b, 0);
	say(fd, &b);
}

static struct { uint32_t word; size_t tty; } said;

static bool hello(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct frame f;
	struct Hello_in in;

	if (!next(fd, room, &f) || f.what != Hello_ID)
		return false;
	struct cur c = cur_of(f.body);
	Hello_get_in(&c, &in);
	said.word = in.word;
	ANSWER(fd, Hello, f.id, .version = WIRE_VERSION, .build = span_str("test"));
	return cur_done(&c);
}

static void *run(void *arg)
{
	struct broker *b = arg;

	for (int i = 0; i < b->rounds; i++) {
		int fd = accept(b->listener, NULL, NULL);
		if (fd < 0)
			break;
		if (hello(fd))
			b->serve(fd);
		close(fd);
	}
	close(b->listener);
	return NULL;
}

static void start(struct broker *b, void (*serve)(int), int rounds)
{
	*b = (struct broker){ .serve = serve, .rounds = rounds };
	listen_on(b);
	pthread_create(&b->thread, NULL, run, b);
}

static void stop(struct broker *b, struct link *l)
{
	if (l)
		link_close(l);
	pthread_join(b->thread, NULL);
	link_free(l);
}

/* state = the session's number + 100; session 9 is refused with a status word; 7 hangs up. */
static void serve_infos(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct frame f;
	struct SessionInfo_in in;

	while (next(fd, room, &f)) {
		struct cur c = cur_of(f.body);
		SessionInfo_get_in(&c, &in);
		if (in.session == 7)
			return;
		if (in.session == 9)
			refuse(fd, f.id, (err){ E_PIN_WRONG, 0x63C2 });
		else
			ANSWER(fd, SessionInfo, f.id, .state = in.session + 100, .flags = 4);
	}
}

static err info(struct link *l, uint32_t epoch, uint32_t session, uint32_t *state)
{
	REPLY r = { .epoch = epoch };
	struct SessionInfo_in in = { .session = session };
	struct SessionInfo_out out;
	err e = call_SessionInfo(l, &in, &out, &r);

	*state = out.state;
	return e;
}

/* --- tests ------------------------------------------------------------------------------------ */
static void a_call_and_an_error(void **state)
{
	struct broker b;
	uint32_t s;

	(void)state;
	start(&b, serve_infos, 1);
	struct link *l = link_new(path);
	assert_int_equal(link_epoch(l), 0);
	assert_true(ok(info(l, 0, 1, &s)));
	assert_int_equal(s, 101);
	assert_int_equal(link_epoch(l), 1);
	assert_int_equal(said.word, sizeof(CK_ULONG));
	err e = info(l, 1, 9, &s);
	assert_int_equal(e.code, E_PIN_WRONG);
	assert_int_equal(e.sw, 0x63C2);
	assert_true(ok(info(l, 1, 2, &s)));
	stop(&b, l);
}

static void nobody_there(void **state)
{
	char longer[300];
	uint32_t s;

	(void)state;
	unlink(path);
	struct link *l = link_new(path);
	assert_int_equal(info(l, 0, 1, &s).code, E_NO_DAEMON);
	assert_int_equal(info(l, 3, 1, &s).code, E_SESSION_GONE);
	assert_int_equal(link_check(l).code, E_NO_DAEMON);
	link_free(l);
	struct broker b;
	listen_on(&b);
	close(b.listener);		/* the file stays behind */
	l = link_new(path);
	assert_int_equal(link_check(l).code, E_NO_DAEMON);
	link_free(l);
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	l = link_new(longer);
	assert_int_equal(link_check(l).code, E_NO_DAEMON);
	link_close(l);
	link_free(l);
}

/* A broker that is stopped: its queue takes connections, nobody says Hello. Felt once, not at each call. */
static void a_mute_broker_is_felt_once(void **state)
{
	struct broker b;
	uint32_t s;

	(void)state;
	listen_on(&b);
	struct link *l = link_new(path);
	for (int i = 0; i < 100; i++)
		assert_int_equal(info(l, 0, 1, &s).code, E_NO_DAEMON);
	int fd = accept4(b.listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(fd >= 0);			/* the first call's, and no other's */
	close(fd);
	assert_int_equal(fcntl(b.listener, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(accept(b.listener, NULL, NULL), -1);
	close(b.listener);
	link_free(l);
}

static void loss_and_return(void **state)
{
	struct broker b;
	uint32_t s;

	(void)state;
	start(&b, serve_infos, 3);
	struct link *l = link_new(path);
	assert_true(ok(info(l, 0, 1, &s)));
	assert_int_equal(info(l, 1, 7, &s).code, E_NO_DAEMON);
	assert_int_equal(info(l, 1, 1, &s).code, E_SESSION_GONE);
	assert_int_equal(link_epoch(l), 1);
	assert_true(ok(info(l, 0, 1, &s)));
	assert_int_equal(link_epoch(l), 2);
	assert_int_equal(info(l, 1, 1, &s).code, E_SESSION_GONE);
	assert_true(ok(info(l, 2, 1, &s)));
	assert_int_equal(info(l, 0, 7, &s).code, E_NO_DAEMON);
	assert_true(ok(info(l, 0, 4, &s)));
	stop(&b, l);
}

static void hang_up_after_one(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct frame f;

	if (next(fd, room, &f))
		ANSWER(fd, SessionInfo, f.id, .state = 3);
}

/* The broker went away in idleness: nobody read the next request, so it is sent to the new one. */
static void idle_loss_is_not_felt(void **state)
{
	struct broker b;
	uint32_t s;

	(void)state;
	start(&b, hang_up_after_one, 4);
	struct link *l = link_new(path);
	for (uint32_t i = 1; i <= 4; i++) {
		assert_true(ok(info(l, 0, 1, &s)));
		assert_int_equal(link_epoch(l), i);
		usleep(20000);
	}
	stop(&b, l);
}

enum { THREADS = 60, CALLS = 100 };	/* more than may be under way at once */

/* Answers in pairs, the later one first. */
static void serve_backwards(int fd)
{
	static uint8_t one[FRAME_MAX], two[FRAME_MAX];
	struct frame f, g;
	struct SessionInfo_in in, jn;

	while (next(fd, one, &f)) {
		struct cur c = cur_of(f.body);
		SessionInfo_get_in(&c, &in);
		if (poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 5) == 1 && next(fd, two, &g)) {
			c = cur_of(g.body);
			SessionInfo_get_in(&c, &jn);
			ANSWER(fd, SessionInfo, g.id, .state = jn.session + 1);
		}
		ANSWER(fd, SessionInfo, f.id, .state = in.session + 1);
	}
}

static struct { struct link *l; int wrong; } crowd;

static void *many(void *arg)
{
	uint32_t base = (uint32_t)(uintptr_t)arg * 1000 + 1000, s;

	for (uint32_t i = 0; i < CALLS; i++)
		if (!ok(info(crowd.l, 0, base + i, &s)) || s != base + i + 1)
			__atomic_fetch_add(&crowd.wrong, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void threads_out_of_order(void **state)
{
	pthread_t t[THREADS];
	struct broker b;

	(void)state;
	start(&b, serve_backwards, 1);
	crowd.l = link_new(path);
	crowd.wrong = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, many, (void *)i);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(crowd.wrong, 0);
	assert_int_equal(link_epoch(crowd.l), 1);
	stop(&b, crowd.l);
}

/* WaitEvent is never answered; everything else is. */
static void serve_waiting(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct frame f;

	while (next(fd, room, &f))
		if (f.what != WaitEvent_ID)
			ANSWER(fd, SessionInfo, f.id, .state = 5);
}

static void *wait_event(void *arg)
{
	REPLY r = { 0 };
	struct WaitEvent_in in = { .generation = 1 };
	struct WaitEvent_out out;
	static err e;

	e = call_WaitEvent(arg, &in, &out, &r);
	return &e;
}

static void slow_delays_nobody_and_close_ends_it(void **state)
{
	struct broker b;
	pthread_t t[2];
	uint32_t s;
	void *e;

	(void)state;
	start(&b, serve_waiting, 1);
	struct link *l = link_new(path);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, wait_event, l);
	for (int i = 0; i < 100; i++)
		assert_true(ok(info(l, 0, 1, &s)));
	link_close(l);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &e);
		assert_int_equal(((err *)e)->code, E_NO_DAEMON);
	}
	assert_int_equal(info(l, 0, 1, &s).code, E_NO_DAEMON);
	stop(&b, l);
}

static bool stuck;

/* Ping is answered at once and all else after the 17th second; nothing ever where it is stuck. */
static void serve_late(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	time_t due = time(NULL) + 17;
	struct frame f;

	for (uint32_t owed = 0;;) {
		bool more = poll(&p, 1, 200) > 0;
		if (more && !next(fd, room, &f))
			return;
		if (more && f.what == SessionInfo_ID)
			owed = f.id;
		if (more && f.what == Ping_ID && !stuck)
			ANSWER(fd, Ping, f.id, .call_id = 0);
		if (owed && !stuck && time(NULL) >= due)
			ANSWER(fd, SessionInfo, owed, .state = 8);
	}
}

/* A broker stopped after its Hello ends the calls that wait, whoever reads for them; a slow one does not. */
static void a_stuck_broker_is_not_a_slow_one(void **state)
{
	static const struct { bool stuck, led; } cases[] = { { true, true }, { true, false }, { false, false } };
	pthread_t waiting;
	struct broker b;
	uint32_t s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		stuck = cases[i].stuck;
		start(&b, serve_late, 1);
		struct link *l = link_new(path);
		assert_true(ok(link_check(l)));
		if (cases[i].led)
			pthread_create(&waiting, NULL, wait_event, l);
		usleep(100000);			/* that one reads for both */
		assert_int_equal(info(l, 0, 1, &s).code, stuck ? E_NO_DAEMON : E_OK);
		link_close(l);
		if (cases[i].led)
			pthread_join(waiting, NULL);
		stop(&b, l);
	}
}

static struct span lie;
static uint32_t lie_id;

static void serve_lie(int fd)
{
	static uint8_t room[FRAME_MAX];
	uint8_t text[100];
	struct buf b = BUF(text);
	struct frame f;

	if (!next(fd, room, &f))
		return;
	buf_put(&b, lie);
	if (lie_id == 0) {		/* a good head's id, so that the body is what lies */
		struct buf id = { text + 4, 0, 4, false };
		buf_be(&id, f.id, 4);
	}
	say(fd, &b);
	next(fd, room, &f);
}

#define LIE(of_id, ...) do { \
	lie_id = of_id; \
	lie = SPAN(__VA_ARGS__); \
	start(&b, serve_lie, 1); \
	l = link_new(path); \
	e = info(l, 0, 1, &s); \
	stop(&b, l); \
} while (0)

static void nonsense_is_refused(void **state)
{
	struct broker b;
	struct link *l;
	uint32_t s;
	err e;

	(void)state;
	LIE(0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2);
	assert_true(ok(e));
	assert_int_equal(s, 1);
	LIE(0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);			/* a field short */
	assert_int_equal(e.code, E_BAD_FRAME);
	LIE(0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 3);	/* a byte more */
	assert_int_equal(e.code, E_BAD_FRAME);
	LIE(0, 0, 0, 0, 0, 0, 0, 0, 0, 0x27, 0x0F, 0, 0);			/* an unknown error */
	assert_int_equal(e.code, E_BAD_FRAME);
	LIE(1, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0);				/* to nobody's request */
	assert_int_equal(e.code, E_BAD_FRAME);
	LIE(0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0);			/* endless */
	assert_int_equal(e.code, E_BAD_FRAME);
}

static size_t streamed;

static void serve_stream(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct frame f;

	streamed = 0;
	while (next(fd, room, &f)) {
		struct OpUpdate_in in;
		struct cur c = cur_of(f.body);
		if (f.what == OpUpdate_ID) {
			OpUpdate_get_in(&c, &in);
			assert_int_equal(f.id, 0);
			assert_true(cur_done(&c));
			streamed += in.data.n;
		} else {
			ANSWER(fd, OpFinish, f.id, .result = span_str("signature"));
		}
	}
}

static void streams_and_limits(void **state)
{
	static uint8_t data[FRAME_MAX + 1];
	struct OpUpdate_in in = { .session = 1, .op = 2, .data = { data, FRAME_DATA_MAX } };
	struct OpFinish_in fin = { .session = 1, .op = 2, .data = { data, FRAME_DATA_MAX } };
	struct OpFinish_out out;
	struct broker b;

	(void)state;
	start(&b, serve_stream, 1);
	struct link *l = link_new(path);
	assert_int_equal(post_OpUpdate(l, 1, &in).code, E_SESSION_GONE);
	assert_true(ok(link_check(l)));
	for (int i = 0; i < 500; i++)
		assert_true(ok(post_OpUpdate(l, 1, &in)));
	REPLY r = { .epoch = 1 };
	assert_true(ok(call_OpFinish(l, &fin, &out, &r)));
	assert_true(span_eq(out.result, span_str("signature")));
	assert_int_equal(streamed, 500 * FRAME_DATA_MAX);
	in.data.n = FRAME_MAX;
	assert_int_equal(post_OpUpdate(l, 1, &in).code, E_QUOTA);
	in.data.n = SIZE_MAX - 4;
	assert_int_equal(post_OpUpdate(l, 1, &in).code, E_QUOTA);
	stop(&b, l);
}

/* The descriptor of this process that is connected to `path`. */
static int our_end(void)
{
	for (int fd = 3; fd < 100; fd++) {
		struct sockaddr_un at = { 0 };
		socklen_t n = sizeof at;
		if (getpeername(fd, (struct sockaddr *)&at, &n) == 0 && strcmp(at.sun_path, path) == 0)
			return fd;
	}
	return -1;
}

/* A program that closed all its descriptors, ours as well, and opened others in their place. */
static void a_closed_descriptor_is_not_written_to(void **state)
{
	struct broker b;
	uint32_t s;
	int pair[2];

	(void)state;
	start(&b, serve_infos, 1);
	struct link *l = link_new(path);
	assert_true(ok(info(l, 0, 1, &s)));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int fd = our_end();
	assert_true(fd >= 0);
	dup2(pair[0], fd);
	assert_int_equal(info(l, 1, 1, &s).code, E_SESSION_GONE);
	stop(&b, l);
	assert_int_equal(send(fd, "x", 1, 0), 1);	/* still open, still the program's */
	assert_int_equal(recv(pair[1], &s, sizeof s, MSG_DONTWAIT), 1);
	close(fd), close(pair[0]), close(pair[1]);
}

static void a_child_forgets(void **state)
{
	struct broker b;
	uint32_t s;
	int status;

	(void)state;
	start(&b, serve_infos, 1);
	struct link *l = link_new(path);
	assert_true(ok(info(l, 0, 1, &s)));
	pid_t pid = fork();
	if (pid == 0) {
		link_forget(l);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(ok(info(l, 1, 2, &s)));
	stop(&b, l);
}

static int make_dir(void **state)
{
	(void)state;
	path[DIR_LENGTH] = '\0';
	char *dir = mkdtemp(path);
	path[DIR_LENGTH] = '/';
	return dir ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	unlink(path);
	path[DIR_LENGTH] = '\0';
	return rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_and_an_error),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_mute_broker_is_felt_once),
		cmocka_unit_test(loss_and_return),
		cmocka_unit_test(idle_loss_is_not_felt),
		cmocka_unit_test(threads_out_of_order),
		cmocka_unit_test(slow_delays_nobody_and_close_ends_it),
		cmocka_unit_test(a_stuck_broker_is_not_a_slow_one),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(streams_and_limits),
		cmocka_unit_test(a_closed_descriptor_is_not_written_to),
		cmocka_unit_test(a_child_forgets),
	};
	alarm(110);			/* a call that hangs is a failure */
	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
