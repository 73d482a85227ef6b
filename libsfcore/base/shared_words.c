/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file holds a random key, then the words; each process maps the file. A
 * process that is killed leaves nothing to clean up. A new file gets its name
 * only when it is whole, so no process sees half a key.
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
#include "base/token.h"

/* 65,536 words of 8 bytes: 512 KiB */
#define WORDS 65536

/* The file. */
struct sf_shared_words {
	uint8_t key[SF_HASH_KEY_SIZE];
	_Atomic uint64_t words[WORDS];
};

static bool write_new_table(int fd)
{
	struct sf_token key[2];

	_Static_assert(sizeof(key) >= SF_HASH_KEY_SIZE, "the key is random");
	sf_token_generate(&key[0]);
	sf_token_generate(&key[1]);
	/*
	 * Allocate the blocks now: on a full tmpfs this call fails, while a
	 * first touch of the mapping would raise SIGBUS.
	 */
	errno = posix_fallocate(fd, 0, sizeof(struct sf_shared_words));
	return errno == 0 &&
	       pwrite(fd, key, SF_HASH_KEY_SIZE, 0) == SF_HASH_KEY_SIZE;
}

/* Returns false and sets errno if there is no file of that path afterwards. */
static bool make_table_file(const char *dir, const char *path)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char unnamed[64];
	bool is_there;

	if (fd < 0)
		return false;
	(void)snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
	/* EEXIST: another process was faster. Its file is as good. */
	is_there =
		write_new_table(fd) && (linkat(AT_FDCWD, unnamed, AT_FDCWD,
						path, AT_SYMLINK_FOLLOW) == 0 ||
					       errno == EEXIST);
	(void)close(fd);
	return is_there;
}

static int open_table_file(const char *dir, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && make_table_file(dir, path))
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

static struct sf_shared_words *map_table(int fd)
{
	struct stat status;
	void *memory;

	if (fstat(fd, &status) != 0)
		return NULL;
	/* An access past the end of the file would raise SIGBUS. */
	if (status.st_size != sizeof(struct sf_shared_words)) {
		errno = EINVAL;
		return NULL;
	}
	memory = mmap(NULL, sizeof(struct sf_shared_words),
		PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

enum sf_err sf_shared_words_open(const struct sf_config *config,
	const char *name, struct sf_shared_words **out)
{
	char path[SF_CONFIG_PATH_MAX + SF_CONFIG_FILE_MAX];
	enum sf_err err = sf_dir_prepare(config->runtime_dir);
	int fd;

	if (err)
		return err;
	(void)snprintf(path, sizeof(path), "%s/%s", config->runtime_dir, name);
	fd = open_table_file(config->runtime_dir, path);
	if (fd < 0)
		return sf_log_errno(path);
	*out = map_table(fd);
	if (!*out)
		err = sf_log_errno(path);
	(void)close(fd);
	return err;
}

void sf_shared_words_free(struct sf_shared_words *words)
{
	if (words)
		(void)munmap(words, sizeof(*words));
}

_Atomic uint64_t *sf_shared_words_find(
	struct sf_shared_words *words, const void *data, size_t size)
{
	return &words->words[sf_hash_keyed(words->key, data, size) % WORDS];
}
