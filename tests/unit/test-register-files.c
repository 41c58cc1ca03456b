/* src/cli: where `register` may write, and which profiles it finds and leaves alone. */
#include "config.h"
#include "unit.h"
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "cli/place.h"
#include "cli/profiles.h"
#include "cli/regrecord.h"
#include "cli/running.h"
#include "cli/say.h"

static void same(struct span a, struct span b) { assert_true(span_eq(a, b)); }

static char desk[64];

static int desk_open(void **state)
{
	(void)state;
	snprintf(desk, sizeof desk, "/tmp/test-register.XXXXXX");
	return mkdtemp(desk) && chdir(desk) == 0 ? 0 : -1;
}

static int desk_close(void **state)
{
	char command[] = "rm";

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		execlp(command, command, "-rf", desk, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static void put_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const char *in(const char *name)
{
	static char path[4][256];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[0], "%s/%s", desk, name);
	return path[turn];
}

static void places(void **state)
{
	json_t *made = json_array();
	struct place p;

	(void)state;
	put_file("file", "old");
	assert_int_equal(chmod("file", 0640), 0);
	assert_int_equal(mkdir("real", 0755), 0);
	assert_int_equal(symlink("../file", "real/link"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_true(ok(place_look("", in("real/../real/./link"), &p)));
	assert_string_equal(p.path, in("file"));
	same(p.text, span_str("old"));
	assert_true(ok(place_writable(&p)));
	assert_true(ok(place_write(&p, span_str("new"), 0600)));
	place_free(&p);
	assert_true(ok(place_look("", in("file"), &p)));
	same(p.text, span_str("new"));
	assert_int_equal(p.st.st_mode & 07777, 0640);
	assert_int_equal(chmod("file", 0440), 0);
	place_free(&p);
	assert_true(ok(place_look("", in("file"), &p)));
	assert_false(ok(place_writable(&p)));
	assert_non_null(say_forget());
	place_free(&p);
	/* folders that are not there, and a link that leads out of another root */
	assert_true(ok(place_look("", in("a/b/c/file"), &p)));
	assert_false(p.there);
	assert_string_equal(p.first, in("a"));
	mode_t mask = umask(077);
	place_missing(&p, made);
	place_missing(&p, made);
	assert_int_equal(json_array_size(made), 3);
	assert_string_equal(json_string_value(json_array_get(made, 1)), in("a/b"));
	assert_true(ok(place_folders(&p, 0755)));
	umask(mask);
	struct stat st;
	assert_int_equal(stat("a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_true(ok(place_write(&p, span_str("x"), 0600)));
	place_free(&p);
	assert_int_equal(symlink("/etc/passwd", "a/passwd"), 0);
	assert_int_equal(symlink("../../../../etc/passwd", "a/up"), 0);
	assert_true(ok(place_look(desk, in("a/passwd"), &p)));
	assert_string_equal(p.path, in("etc/passwd"));
	assert_false(p.there);
	place_free(&p);
	assert_true(ok(place_look(desk, in("a/up"), &p)));
	assert_string_equal(p.path, in("etc/passwd"));
	place_free(&p);
	static const char *const bad[] = { "loop", "file/x", "real" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(ok(place_look("", in(bad[i]), &p)));
		assert_non_null(say_forget());
		place_free(&p);
	}
	json_decref(made);
}

/* What a killed process left is removed; what lives, is a link, a folder or another file's is not. */
static void leftovers(void **state)
{
	static const struct { const char *name; bool goes; } files[] = {
		{ "swept/.list.bsre-2147483646", true }, { "swept/.list.bsre-1", false },
		{ "swept/.list.bsre-", false }, { "swept/.list.bsre-2147483646x", false },
		{ "swept/.list.bsre-99999999999999999999", false }, { "swept/.other.bsre-2147483646", false },
		{ "swept/list.bsre-2147483646", false }, { "swept/list", false },
	};
	struct place p;

	(void)state;
	assert_int_equal(mkdir("swept", 0700), 0);
	assert_int_equal(mkdir("swept/.list.bsre-2147483645", 0700), 0);
	assert_int_equal(symlink("list", "swept/.list.bsre-2147483644"), 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		put_file(files[i].name, "x");
	assert_true(ok(place_look("", in("swept/list"), &p)));
	place_sweep(&p);
	place_free(&p);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		assert_int_equal(access(files[i].name, F_OK) != 0, files[i].goes);
	assert_int_equal(access("swept/.list.bsre-2147483645", F_OK), 0);
	assert_int_equal(access("swept/.list.bsre-2147483644", F_OK), 0);
}

/* What a file has beside its bytes goes on; nothing that its folder would give to a new one comes to it. */
static void attributes(void **state)
{
	/* rw for its owner, r for user 65534, r for its group and as the mask; and the same for new files */
	static const uint8_t acl[] = {
		2, 0, 0, 0, 1, 0, 6, 0, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 4, 0, 0xFE, 0xFF, 0, 0,
		4, 0, 4, 0, 0xFF, 0xFF, 0xFF, 0xFF, 16, 0, 4, 0, 0xFF, 0xFF, 0xFF, 0xFF,
		32, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
	};
	char got[sizeof acl];
	struct place p;
	struct stat st;

	(void)state;
	put_file("marked", "old");
	put_file("plain", "old");
	assert_int_equal(chmod("plain", 0600), 0);
	bool lists = setxattr("marked", "system.posix_acl_access", acl, sizeof acl, 0) == 0 &&
		     setxattr(".", "system.posix_acl_default", acl, sizeof acl, 0) == 0;
	if (setxattr("marked", "user.note", "\0mine", 5, 0) != 0)
		skip();			/* the file system has none */
	static const char *const names[] = { "marked", "plain" };
	for (size_t i = 0; i < 2; i++) {
		assert_true(ok(place_look("", in(names[i]), &p)));
		assert_true(ok(place_write(&p, span_str("new"), 0600)));
		place_free(&p);
	}
	assert_int_equal(getxattr("marked", "user.note", got, sizeof got), 5);
	assert_memory_equal(got, "\0mine", 5);
	if (lists) {
		assert_int_equal(getxattr("marked", "system.posix_acl_access", got, sizeof got), sizeof acl);
		assert_memory_equal(got, acl, sizeof acl);
		assert_int_equal(getxattr("plain", "system.posix_acl_access", got, sizeof got), -1);
		assert_int_equal(removexattr(".", "system.posix_acl_default"), 0);
	}
	assert_int_equal(stat("plain", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* a second name would keep the old text */
	assert_int_equal(link("plain", "second"), 0);
	assert_true(ok(place_look("", in("plain"), &p)));
	assert_false(ok(place_writable(&p)));
	assert_non_null(strstr(say_forget(), "hard link"));
	place_free(&p);
	/* another file came between */
	assert_true(ok(place_look("", in("marked"), &p)));
	put_file("other", "other");
	assert_int_equal(rename("other", "marked"), 0);
	assert_false(ok(place_write(&p, span_str("new"), 0600)));
	assert_non_null(say_forget());
	place_free(&p);
}

/* Root alone can make another user's folder. */
static void places_of_others(void **state)
{
	struct place p;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("theirs", 0755), 0);
	put_file("target", "mine");
	assert_int_equal(symlink(in("target"), "theirs/link"), 0);
	put_file("theirs/file", "theirs");
	assert_int_equal(chown("theirs", 65534, 65534), 0);
	static const char *const bad[] = { "theirs/link", "theirs/file", "theirs/new", "theirs/new/new" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(ok(place_look("", in(bad[i]), &p)));
		const char *said = say_forget();
		assert_non_null(said);
		assert_non_null(strstr(said, "another user"));
		place_free(&p);
	}
}

/* A child that holds a lock on the file until it is told to end. */
static pid_t hold(const char *name, short kind, off_t start, int *end)
{
	int ready[2], tell[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(tell), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct flock l = { .l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = start ? 1 : 0 };
		int fd = open(name, O_RDWR | O_CREAT, 0600);

		close(tell[1]);
		if (fcntl(fd, F_SETLK, &l) != 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(tell[0], &c, 1) < 0);
	}
	close(tell[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*end = tell[1];
	return pid;
}

static void let_go(pid_t pid, int end)
{
	close(end);
	waitpid(pid, NULL, 0);
}

static void busy_profiles(void **state)
{
	const char *why;
	char target[64];
	int end;

	(void)state;
	assert_int_equal(mkdir("profile", 0700), 0);
	assert_false(profile_busy(in("profile"), &why));
	/* left behind by a crash; of a process that lives; of another computer */
	assert_int_equal(symlink("127.0.0.1:+2147483646", "profile/lock"), 0);
	assert_false(profile_busy(in("profile"), &why));
	unlink("profile/lock");
	snprintf(target, sizeof target, "127.0.1.1:+%d", (int)getpid());
	assert_int_equal(symlink(target, "profile/lock"), 0);
	assert_true(profile_busy(in("profile"), &why));
	unlink("profile/lock");
	assert_int_equal(symlink("192.0.2.7:+1", "profile/lock"), 0);
	assert_true(profile_busy(in("profile"), &why));
	pid_t pid = hold("profile/.parentlock", F_WRLCK, 0, &end);
	assert_true(profile_busy(in("profile"), &why));
	let_go(pid, end);
	assert_false(profile_busy(in("profile"), &why));
	pid = hold("profile/cert9.db", F_WRLCK, 0x40000001, &end);
	assert_true(profile_busy(in("profile"), &why));
	let_go(pid, end);
	pid = hold("profile/key4.db", F_RDLCK, 0x40000002, &end);	/* reads */
	assert_false(profile_busy(in("profile"), &why));
	let_go(pid, end);
}

static void profile_lists(void **state)
{
	json_t *all = json_array();

	(void)state;
	assert_true(ok(profiles_read(in("nowhere"), all)));
	assert_int_equal(json_array_size(all), 0);
	assert_int_equal(mkdir("ini", 0700), 0);
	put_file("ini/profiles.ini", "[Install4F]\r\nDefault=b.esr\r\nLocked=1\r\n\r\n[Profile1]\r\nName=b\r\n"
		 "IsRelative=1\r\nPath=b.esr\r\n\r\n[Profile0]\r\nName=a\r\nIsRelative=0\r\nPath=/mnt/a\r\n"
		 "Default=1\r\n[General]\r\nVersion=2");
	assert_true(ok(profiles_read(in("ini"), all)));
	json_t *want = json_pack("[{s:s, s:s, s:b}, {s:s, s:s, s:b}]", "folder", in("ini/b.esr"), "name", "b",
				 "preferred", 0, "folder", "/mnt/a", "name", "a", "preferred", 1);
	assert_true(json_equal(all, want));
	json_decref(all);
	json_decref(want);
}

static void records(void **state)
{
	struct edit e = { .at = 7, .text = (char *)(uintptr_t)"text", .levels = 2 }, got;
	struct record r;

	(void)state;
	assert_true(ok(record_open(&r, "", in("state/x/registered.json"), 0755, false)));
	assert_true(ok(record_add(&r, "/a", FORM_SECMOD, &(struct owner){ "firefox", "/p/a" }, &e, true)));
	assert_true(ok(record_add(&r, "/b", FORM_WHOLE, &(struct owner){ "ssh", "/b" }, NULL, false)));
	assert_true(ok(record_save(&r)));
	record_close(&r);
	assert_true(ok(record_open(&r, "", in("state/x/registered.json"), 0755, false)));
	assert_int_equal(json_array_size(r.folders), 2);
	assert_true(record_edit(record_find(&r, "/a"), &got));
	assert_int_equal(got.at, 7);
	assert_int_equal(got.levels, 2);
	assert_string_equal(got.text, "text");
	edit_free(&got);
	assert_false(record_edit(record_find(&r, "/b"), &got));
	record_drop(&r, "/a");
	record_drop(&r, "/b");
	assert_true(ok(record_end(&r)));
	record_close(&r);
	assert_int_equal(access("state", F_OK), -1);
	put_file("broken.json", "{\"files\": 1");
	assert_false(ok(record_open(&r, "", in("broken.json"), 0755, false)));
	assert_non_null(strstr(say_forget(), "/broken.json: "));
	record_close(&r);
}

/* --- a run that is killed anywhere ------------------------------------------------------------------ */
static int calls_left = -1;		/* before the process dies; -1: it does not */

static void may_die(void)
{
	if (calls_left >= 0 && calls_left-- == 0)
		_exit(99);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
	may_die();
	return __real_mkdir(path, mode);
}

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_rmdir(const char *path)
{
	may_die();
	return __real_rmdir(path);
}

int __real_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags)
{
	may_die();
	return __real_unlinkat(folder, path, flags);
}

int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b)
{
	may_die();
	return __real_renameat(from, a, to, b);
}

static void tell_and_take_back(bool tell)
{
	struct record r;

	assert_true(ok(record_open(&r, "", in("home/.local/state/us/registered.json"), 0700, false)));
	if (tell) {
		assert_true(ok(record_add(&r, "/a", FORM_WHOLE, &(struct owner){ "ssh", "/a" }, NULL, false)));
		assert_true(ok(record_save(&r)));
		assert_true(ok(record_end(&r)));
		record_close(&r);
		assert_true(ok(record_open(&r, "", in("home/.local/state/us/registered.json"), 0700, false)));
	}
	record_drop(&r, "/a");
	assert_true(ok(record_end(&r)));
	record_close(&r);
}

/* The next run, of whichever command, leaves nothing of it. */
static void killed_anywhere(void **state)
{
	int status = 0, n = 0;

	(void)state;
	assert_int_equal(mkdir("home", 0700), 0);
	for (bool again = true; again; n++) {
		pid_t pid = fork();

		if (pid == 0) {
			calls_left = n / 2;
			tell_and_take_back(true);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 0));
		again = WEXITSTATUS(status) == 99;
		tell_and_take_back(n % 2);
		if (rmdir("home") != 0)
			fail_msg("something was left of a run that ended before call %d", n / 2);
		assert_int_equal(mkdir("home", 0700), 0);
	}
	assert_in_range(n, 20, 200);
}

/* What a try says must hold when it is done. */
static void record_places(void **state)
{
	struct record r;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("locked", 0500), 0);
	for (int dry = 0; dry < 2; dry++) {
		assert_false(ok(record_open(&r, "", in("locked/us/registered.json"), 0700, dry)));
		assert_non_null(strstr(say_forget(), "registered.json: "));
		record_close(&r);
	}
	mode_t mask = umask(077);
	assert_true(ok(record_open(&r, "", in("var/lib/us/registered.json"), 0755, false)));
	umask(mask);
	assert_int_equal(stat("var", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_true(ok(record_end(&r)));
	record_close(&r);
	assert_int_equal(access("var", F_OK), -1);
}

/* One file has many names. */
static void same_places(void **state)
{
	(void)state;
	assert_int_equal(mkdir("lib", 0700), 0);
	put_file("lib/m.so", "m");
	put_file("lib/n.so", "m");
	assert_int_equal(symlink("lib", "lib64"), 0);
	assert_int_equal(symlink(in("lib/m.so"), "link.so"), 0);
	assert_int_equal(symlink("nowhere", "lost.so"), 0);
	static const char *const names[] = { "lib/m.so", "lib64/m.so", "link.so", "lib//./m.so", "lib64/../lib/m.so" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_true(place_same("", in("lib/m.so"), in(names[i])));
		assert_true(place_same("", in(names[i]), in("link.so")));
		assert_false(place_same("", in(names[i]), in("lib/n.so")));
		assert_false(place_same("", in(names[i]), in("lost.so")));
	}
	assert_int_equal(link("lib/m.so", "hard.so"), 0);
	assert_true(place_same("", in("hard.so"), in("lib/m.so")));
	/* beneath a root a link with an absolute target starts at the root again */
	assert_int_equal(symlink("/lib/n.so", "lib/abs.so"), 0);
	assert_true(place_same(desk, "/lib/abs.so", "/lib64/n.so"));
	assert_false(place_same("", in("lib/abs.so"), in("lib/n.so")));
	assert_false(place_same(desk, "/lib/m.so", "/lib64/n.so"));
	/* what is not there is told apart by what it would be called; a name alone is no path */
	assert_true(place_same("", in("gone/m.so"), in("gone//./m.so")));
	assert_false(place_same("", in("gone/m.so"), in("gone/n.so")));
	assert_true(place_same("", "m.so", "m.so"));
	assert_false(place_same("", "lib/m.so", "lib//m.so"));
	assert_false(place_same("", "", in("lib/m.so")));
	assert_null(say_forget());
}

static void running_programs(void **state)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	(void)state;
	assert_true(n > 0);
	exe[n] = 0;
	assert_true(among("a|bc|d", "bc"));
	assert_false(among("a|bc|d", "b"));
	assert_false(among("", ""));
	assert_int_not_equal(running(strrchr(exe, '/') + 1, true), 0);
	assert_int_equal(running("no-program-has-this-name", false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places), cmocka_unit_test(leftovers), cmocka_unit_test(attributes),
		cmocka_unit_test(places_of_others), cmocka_unit_test(same_places), cmocka_unit_test(busy_profiles),
		cmocka_unit_test(profile_lists), cmocka_unit_test(records), cmocka_unit_test(killed_anywhere),
		cmocka_unit_test(record_places), cmocka_unit_test(running_programs),
	};

	return cmocka_run_group_tests(tests, desk_open, desk_close);
}
