/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new file gets its name only when it is whole, so no process sees the file
 * without its first bytes.
 */
#include "base/shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/log.h"

static bool write_new_file(const struct sf_shared_file *file, int fd)
{
	/*
	 * Allocate the blocks now: on a full tmpfs this call fails, while a
	 * first touch of the mapping would raise SIGBUS.
	 */
	errno = posix_fallocate(fd, 0, (off_t)file->size);
	return errno == 0 && file->begin(fd);
}

/* Returns false and sets errno if there is no file of that path afterwards. */
static bool make_file(
	const struct sf_shared_file *file, const char *dir, const char *path)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char unnamed[64];
	bool is_there;

	if (fd < 0)
		return false;
	(void)snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", fd);
	/* EEXIST: another process was faster. Its file is as good. */
	is_there = write_new_file(file, fd) &&
		   (linkat(AT_FDCWD, unnamed, AT_FDCWD, path,
			    AT_SYMLINK_FOLLOW) == 0 ||
			   errno == EEXIST);
	(void)close(fd);
	return is_there;
}

static int open_file(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

static void *map_file(size_t size, int fd)
{
	struct stat status;
	void *memory;

	if (fstat(fd, &status) != 0)
		return NULL;
	/* An access past the end of the file would raise SIGBUS. */
	if (status.st_size != (off_t)size) {
		errno = EINVAL;
		return NULL;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

struct path {
	char text[SF_CONFIG_PATH_MAX + SF_CONFIG_FILE_MAX];
};

static struct path compose_path(
	const struct sf_config *config, const struct sf_shared_file *file)
{
	struct path out;

	(void)snprintf(out.text, sizeof(out.text), "%s/%s", config->runtime_dir,
		file->name);
	return out;
}

/* Closes the file. */
static enum sf_err map_and_close(
	const struct sf_shared_file *file, const char *path, int fd, void **out)
{
	enum sf_err err = SF_OK;

	*out = map_file(file->size, fd);
	if (!*out)
		err = sf_log_errno(path);
	(void)close(fd);
	return err;
}

enum sf_err sf_shared_file_map(const struct sf_config *config,
	const struct sf_shared_file *file, void **out)
{
	struct path path = compose_path(config, file);
	enum sf_err err = sf_dir_prepare(config->runtime_dir);
	int fd;

	if (err)
		return err;
	fd = open_file(path.text);
	if (fd < 0 && errno == ENOENT &&
		make_file(file, config->runtime_dir, path.text))
		fd = open_file(path.text);
	if (fd < 0)
		return sf_log_errno(path.text);
	return map_and_close(file, path.text, fd, out);
}

enum sf_err sf_shared_file_find(const struct sf_config *config,
	const struct sf_shared_file *file, void **out)
{
	struct path path = compose_path(config, file);
	enum sf_err err = sf_dir_check(config->runtime_dir);
	int fd;

	if (err)
		return err;
	fd = open_file(path.text);
	if (fd >= 0)
		return map_and_close(file, path.text, fd, out);
	return errno == ENOENT ? SF_ERR_NOT_FOUND : sf_log_errno(path.text);
}
