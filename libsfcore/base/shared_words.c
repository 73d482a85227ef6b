/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file holds a random key, then the words; each process maps it. A process
 * that is killed leaves nothing to clean up. The file is written without a name
 * and then linked into place, so no process sees half a key.
 */
#include "base/shared_words.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/token.h"

/* 512 KiB */
#define WORDS 65536

struct layout {
	uint8_t key[SF_HASH_KEY_SIZE];
	_Atomic uint64_t words[WORDS];
};

struct sf_shared_words {
	struct layout *shared;
};

static int make_unnamed(const char *dir)
{
	struct sf_token key[2];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	sf_token_generate(&key[0]);
	sf_token_generate(&key[1]);
	/*
	 * Allocate the blocks now: on a full tmpfs this call fails, while a
	 * first touch of the mapping would raise SIGBUS.
	 */
	if (posix_fallocate(fd, 0, sizeof(struct layout)) != 0 ||
		pwrite(fd, key, SF_HASH_KEY_SIZE, 0) != SF_HASH_KEY_SIZE) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void make_file(const char *dir, const char *path)
{
	char unnamed[64];
	int fd = make_unnamed(dir);

	if (fd < 0)
		return;
	/*
	 * If another process was faster, its file is used (open(2), O_TMPFILE).
	 */
	(void)snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
	(void)!linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	(void)close(fd);
}

static int open_file(const char *dir, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT) {
		make_file(dir, path);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	}
	return fd;
}

static struct layout *map_file(int fd)
{
	struct stat status;
	void *memory;

	/*
	 * An access behind the end of the file would kill the process by
	 * SIGBUS.
	 */
	if (fstat(fd, &status) != 0)
		return NULL;
	if (status.st_size != sizeof(struct layout)) {
		errno = EINVAL;
		return NULL;
	}
	memory = mmap(NULL, sizeof(struct layout), PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

enum sf_err sf_shared_words_open(const struct sf_config *config,
	const char *name, struct sf_shared_words **out)
{
	char path[SF_CONFIG_PATH_MAX + SF_CONFIG_FILE_MAX];
	struct layout *shared = NULL;
	enum sf_err err = sf_dir_prepare(config->runtime_dir);
	int fd;

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s/%s", config->runtime_dir, name);
	fd = open_file(config->runtime_dir, path);
	if (fd >= 0)
		shared = map_file(fd);
	if (!shared)
		sf_log(SF_LOG_ERROR, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	if (!shared)
		return SF_ERR_UNAVAILABLE;
	*out = sf_alloc(sizeof(**out));
	(*out)->shared = shared;
	return SF_OK;
}

void sf_shared_words_free(struct sf_shared_words *words)
{
	if (!words)
		return;
	(void)munmap(words->shared, sizeof(*words->shared));
	free(words);
}

_Atomic uint64_t *sf_shared_words_find(
	const struct sf_shared_words *words, const void *data, size_t size)
{
	uint64_t hash = sf_hash_keyed(words->shared->key, data, size);

	return &words->shared->words[hash % WORDS];
}
