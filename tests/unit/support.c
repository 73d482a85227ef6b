/* SPDX-License-Identifier: BSD-3-Clause */
/* Temporary folders, shared memory and processes for the tests. */
#include "support.h"

#include <ftw.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

int support_make_sandbox(void **state)
{
	char *path = sf_strdup("/dev/shm/sfchat-test-XXXXXX");

	*state = path;
	return mkdtemp(path) && setenv("SFCHAT_RUNTIME_DIR", path, 1) == 0 ? 0
									   : -1;
}

static int remove_entry(
	const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void support_remove_tree(const char *path)
{
	(void)nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int support_remove_sandbox(void **state)
{
	support_remove_tree(*state);
	free(*state);
	return 0;
}

struct sf_config support_config(void)
{
	struct sf_config config;
	struct sf_detail detail = { "" };

	if (sf_config_load(&config, &detail) != SF_OK)
		fail_msg("%s", detail.text);
	return config;
}

void *support_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

void support_unshare(void *memory, size_t size)
{
	assert_int_equal(munmap(memory, size), 0);
}

void support_gate_pass(struct support_gate *gate)
{
	atomic_fetch_sub(&gate->missing, 1);
	while (atomic_load(&gate->missing) > 0)
		(void)sched_yield();
}

pid_t support_start(int (*work)(void *data, int number), void *data, int number)
{
	pid_t pid = fork();

	if (pid == 0) {
		/*
		 * If an assertion fails and the test ends, its processes end
		 * too.
		 */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(work(data, number));
	}
	assert_true(pid > 0);
	return pid;
}

int support_finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void support_pause(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

static int make_file(const char *content, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, content, size, 0), size);
	return fd;
}

static void read_file(int fd, char *out, size_t size)
{
	ssize_t got = pread(fd, out, size - 1, 0);

	assert_true(got >= 0);
	out[got] = '\0';
	assert_int_equal(close(fd), 0);
}

struct captured {
	int (*work)(void *data, int number);
	void *data;
	int files[3];
};

static int redirect(void *data, int number)
{
	struct captured *captured = data;

	for (int fd = 0; fd < 3; fd++)
		if (dup2(captured->files[fd], fd) < 0)
			return -1;
	return captured->work(captured->data, number);
}

void support_capture(int (*work)(void *data, int number), void *data,
	const char *input, size_t size, struct support_output *output)
{
	struct captured captured = { work, data,
		{ make_file(input, size), make_file("", 0),
			make_file("", 0) } };

	output->status = support_finish(support_start(redirect, &captured, 0));
	assert_int_equal(close(captured.files[0]), 0);
	read_file(captured.files[1], output->out, sizeof(output->out));
	read_file(captured.files[2], output->err, sizeof(output->err));
}

int support_begin_log(void)
{
	int before = dup(STDERR_FILENO);
	char name[] = "/dev/shm/sfchat-log-XXXXXX";
	int fd = mkstemp(name);

	assert_true(before >= 0 && fd >= 0);
	(void)unlink(name);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	return before;
}

void support_end_log(int before, char *out, size_t size)
{
	ssize_t got = pread(STDERR_FILENO, out, size - 1, 0);

	assert_true(got >= 0);
	out[got] = '\0';
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	(void)close(before);
}

void support_race(int (*work)(void *data, int number), void *data, int count,
	int *results)
{
	pid_t *pids = sf_alloc((size_t)count * sizeof(*pids));

	for (int i = 0; i < count; i++)
		pids[i] = support_start(work, data, i);
	for (int i = 0; i < count; i++)
		results[i] = support_finish(pids[i]);
	free(pids);
}

int support_count(const int *results, int count, int value)
{
	int found = 0;

	for (int i = 0; i < count; i++)
		found += results[i] == value;
	return found;
}

int support_find_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(
		getsockname(fd, (struct sockaddr *)&address, &size), 0);
	(void)close(fd);
	return ntohs(address.sin_port);
}
