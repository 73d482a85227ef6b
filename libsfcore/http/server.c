/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accepts, forks and reaps. The parent reads its signals from a signalfd, so it
 * sleeps in one place only and no signal interrupts it elsewhere.
 */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"

/* The first file that systemd passes: SD_LISTEN_FDS_START, sd_listen_fds(3). */
#define PASSED_FILENO 3

/* Removes the socket of a dead server: such a socket refuses connections. */
static void remove_dead_socket(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) !=
			0 &&
		errno == ECONNREFUSED)
		(void)unlink(address->sun_path);
	(void)close(fd);
}

enum sf_err sf_server_listen(const char *path, int *out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int bound;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return sf_log_errno(path);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return sf_log_errno(path);
	remove_dead_socket(&address);
	mask = umask(0177);
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	if (bound == 0 && listen(fd, SOMAXCONN) == 0) {
		*out = fd;
		return SF_OK;
	}
	(void)sf_log_errno(path);
	(void)close(fd);
	return SF_ERR_UNAVAILABLE;
}

enum sf_err sf_server_inherit(int *out)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	bool is_passed = pid && strtol(pid, NULL, 10) == getpid();
	int is_listening = 0;
	socklen_t size = sizeof(is_listening);

	if (is_passed && (!count || strcmp(count, "1") != 0)) {
		sf_log("LISTEN_FDS: one listening socket was expected");
		return SF_ERR_INVALID;
	}
	*out = is_passed ? PASSED_FILENO : STDIN_FILENO;
	if (getsockopt(*out, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) ==
			0 &&
		is_listening)
		return SF_OK;
	sf_log("--scgi: a PATH was expected, or a listening socket %s",
		is_passed ? "in LISTEN_FDS" : "as standard input");
	return SF_ERR_INVALID;
}

/* Reaps every child that has ended, because run_loop() counts the children. */
static void reap_children(int *children)
{
	while (*children > 0 && waitpid(-1, NULL, WNOHANG) > 0)
		--*children;
}

/* Returns whether one of the signals asks the server to stop. */
static bool take_signals(int signals, int *children)
{
	struct signalfd_siginfo info;
	bool stop = false;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		stop = stop || info.ssi_signo != SIGCHLD;
	reap_children(children);
	return stop;
}

struct loop {
	int listener;
	int signals;
	int children;
	sigset_t mask; /* the signal mask of the children */
	int (*serve)(const void *);
	const void *argument;
};

static _Noreturn void run_child(const struct loop *loop, int connection)
{
	/*
	 * A child that kept the listener open would let clients connect after
	 * the parent has stopped.
	 */
	(void)close(loop->listener);
	(void)close(loop->signals);
	(void)sigprocmask(SIG_SETMASK, &loop->mask, NULL);
	if (dup2(connection, STDIN_FILENO) < 0 ||
		dup2(connection, STDOUT_FILENO) < 0)
		sf_die("dup2: %s", strerror(errno));
	(void)close(connection);
	_exit(loop->serve(loop->argument));
}

static void accept_one(struct loop *loop)
{
	int connection = accept4(loop->listener, NULL, NULL, SOCK_CLOEXEC);
	pid_t child;

	if (connection < 0)
		return;
	child = fork();
	if (child == 0)
		run_child(loop, connection);
	if (child > 0)
		loop->children++;
	else
		(void)sf_log_errno("fork");
	(void)close(connection);
}

static void run_loop(struct loop *loop)
{
	for (;;) {
		struct pollfd files[] = {
			{ .fd = loop->signals, .events = POLLIN },
			{ .fd = loop->listener, .events = POLLIN },
		};
		bool full = loop->children >= SF_SERVER_CHILDREN_MAX;

		if (poll(files, full ? 1 : 2, -1) < 0 && errno != EINTR)
			sf_die("poll: %s", strerror(errno));
		if (files[0].revents != 0 &&
			take_signals(loop->signals, &loop->children))
			return;
		if (!full && files[1].revents != 0)
			accept_one(loop);
	}
}

enum sf_err sf_server_run(
	int listener, int (*serve)(const void *), const void *argument)
{
	struct loop loop = {
		.listener = listener,
		.serve = serve,
		.argument = argument,
	};
	sigset_t handled;

	/*
	 * If SIGCHLD is inherited as ignored, the kernel reaps children itself
	 * and we never learn of their end.
	 */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&handled);
	(void)sigaddset(&handled, SIGCHLD);
	(void)sigaddset(&handled, SIGTERM);
	(void)sigaddset(&handled, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &handled, &loop.mask);
	loop.signals = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop.signals < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
		return sf_log_errno("the listening socket");
	run_loop(&loop);
	(void)close(loop.signals);
	(void)close(listener);
	return SF_OK;
}
