/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens and locks LMDB. One lock of our own replaces LMDB's. With LMDB's own
 * locks, every process would hold a lock as long as its environment is open. At
 * each open and close the kernel would walk the list of these locks, which is
 * thousands long when thousands of polls wait.
 */
#include "store/lmdb/lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/*
 * The map reserves address space, not memory. Its page tables do cost memory,
 * so readers map less.
 */
#define MAP_SIZE ((uint64_t)16 << 30)
#define READ_MAP_SIZE ((uint64_t)16 << 20)
/*
 * SF_LMDB_GROW transactions may not use this last eighth, so that a full store
 * can still deliver, acknowledge and close.
 */
#define RESERVE(room) ((room) / 8)

struct sf_lmdb {
	MDB_env *env;               /* NULL while it is not needed */
	enum sf_lmdb_access access; /* how env is open */
	int dir_fd;                 /* locked during a transaction */
	char *dir;
};

enum sf_err sf_lmdb_report(int code)
{
	if (code == MDB_SUCCESS)
		return SF_OK;
	if (code == MDB_KEYEXIST)
		return SF_ERR_CONFLICT;
	if (code == MDB_NOTFOUND)
		return SF_ERR_NOT_FOUND;
	sf_log("store: %s", mdb_strerror(code));
	return SF_ERR_UNAVAILABLE;
}

enum sf_err sf_lmdb_open(const char *dir, struct sf_lmdb **out)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return sf_lmdb_report(errno);
	*out = sf_alloc(sizeof(**out));
	**out = (struct sf_lmdb){ .dir_fd = fd, .dir = sf_strdup(dir) };
	return SF_OK;
}

bool sf_lmdb_exists(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool exists = fd >= 0 ? faccessat(fd, "data.mdb", F_OK, 0) == 0
			      : errno != ENOENT;

	if (fd >= 0)
		(void)close(fd);
	return exists;
}

static void close_env(struct sf_lmdb *lmdb)
{
	if (lmdb->env)
		mdb_env_close(lmdb->env);
	lmdb->env = NULL;
}

void sf_lmdb_free(struct sf_lmdb *lmdb)
{
	if (!lmdb)
		return;
	close_env(lmdb);
	(void)close(lmdb->dir_fd);
	free(lmdb->dir);
	free(lmdb);
}

void sf_lmdb_rest(struct sf_lmdb *lmdb)
{
	/* An environment that is open for reading holds almost no memory. */
	if (lmdb->access != SF_LMDB_READ)
		close_env(lmdb);
}

/* The options with which an environment is opened. */
struct opening {
	unsigned int flags;
	uint64_t map_size;
};

/*
 * A tmpfs has no disk to sync to. On every other file system an acknowledged
 * change has reached the disk.
 */
static struct opening choose_opening(int dir_fd, enum sf_lmdb_access access)
{
	struct opening opening = { MDB_NOLOCK, MAP_SIZE };
	uint64_t room = MAP_SIZE;
	struct statfs status;

	if (access == SF_LMDB_READ)
		return (struct opening){ MDB_NOLOCK | MDB_RDONLY,
			READ_MAP_SIZE };
	if (fstatfs(dir_fd, &status) != 0)
		return opening;
	if (status.f_type == TMPFS_MAGIC)
		opening.flags |= MDB_NOSYNC;
	if (status.f_blocks < room / (uint64_t)status.f_bsize)
		room = status.f_blocks * (uint64_t)status.f_bsize;
	if (access == SF_LMDB_GROW)
		opening.map_size = room - RESERVE(room);
	return opening;
}

static int open_env(struct sf_lmdb *lmdb, enum sf_lmdb_access access)
{
	struct opening opening = choose_opening(lmdb->dir_fd, access);
	int code = mdb_env_create(&lmdb->env);

	if (code)
		return code;
	code = mdb_env_set_mapsize(lmdb->env, opening.map_size);
	if (!code)
		code = mdb_env_open(lmdb->env, lmdb->dir, opening.flags, 0600);
	if (code)
		close_env(lmdb);
	lmdb->access = access;
	return code;
}

static int lock(const struct sf_lmdb *lmdb, int operation)
{
	while (flock(lmdb->dir_fd, operation) != 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

static void unlock(const struct sf_lmdb *lmdb)
{
	(void)lock(lmdb, LOCK_UN);
}

/*
 * Locks the environment and opens it if necessary. Opening it for reading is
 * half the work, but only opening it for writing creates missing files.
 */
static int lock_env(struct sf_lmdb *lmdb, enum sf_lmdb_access access)
{
	bool reads = access == SF_LMDB_READ;
	int code = lock(lmdb, reads ? LOCK_SH : LOCK_EX);

	if (code || (lmdb->env && (reads || access == lmdb->access)))
		return code;
	close_env(lmdb);
	if (!reads)
		return open_env(lmdb, access);
	if (open_env(lmdb, access) == 0)
		return 0;
	code = lock(lmdb, LOCK_EX);
	return code ? code : open_env(lmdb, SF_LMDB_CHANGE);
}

static int begin_txn(struct sf_lmdb *lmdb, unsigned int flags, MDB_txn **out)
{
	int code = mdb_txn_begin(lmdb->env, NULL, flags, out);

	if (code != MDB_MAP_RESIZED)
		return code;
	/* The file has outgrown this map. Size 0 asks for the writer's size. */
	code = mdb_env_set_mapsize(lmdb->env, 0);
	return code ? code : mdb_txn_begin(lmdb->env, NULL, flags, out);
}

enum sf_err sf_lmdb_begin(struct sf_lmdb *lmdb, enum sf_lmdb_access access,
	struct sf_lmdb_session *out)
{
	unsigned int flags = access == SF_LMDB_READ ? MDB_RDONLY : 0;
	int code = lock_env(lmdb, access);

	out->lmdb = lmdb;
	if (!code)
		code = begin_txn(lmdb, flags, &out->txn);
	if (!code) {
		code = mdb_dbi_open(out->txn, NULL, 0, &out->dbi);
		if (code)
			mdb_txn_abort(out->txn);
	}
	if (code)
		unlock(lmdb);
	return sf_lmdb_report(code);
}

void sf_lmdb_abort(const struct sf_lmdb_session *session)
{
	mdb_txn_abort(session->txn);
	unlock(session->lmdb);
}

enum sf_err sf_lmdb_commit(const struct sf_lmdb_session *session)
{
	int code = mdb_txn_commit(session->txn);

	unlock(session->lmdb);
	return sf_lmdb_report(code);
}

/* Each record of LMDB's list of free pages begins with their number. */
static int count_free_pages(MDB_txn *txn, uint64_t *out)
{
	const MDB_dbi free_list = 0;
	MDB_cursor *cursor;
	MDB_val key, value;
	int code = mdb_cursor_open(txn, free_list, &cursor);

	*out = 0;
	if (code)
		return code;
	while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		size_t pages;

		memcpy(&pages, value.mv_data, sizeof(pages));
		*out += pages;
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

int sf_lmdb_measure(const struct sf_lmdb_session *session, int64_t *used_bytes,
	int64_t *room_bytes)
{
	const struct sf_lmdb *lmdb = session->lmdb;
	uint64_t room = choose_opening(lmdb->dir_fd, SF_LMDB_GROW).map_size;
	uint64_t free_pages, file_pages, used, left;
	struct statfs status;
	MDB_envinfo info;
	MDB_stat stat;
	int code = count_free_pages(session->txn, &free_pages);

	if (code || (code = mdb_env_info(lmdb->env, &info)) ||
		(code = mdb_env_stat(lmdb->env, &stat)))
		return code;
	if (fstatfs(lmdb->dir_fd, &status) != 0)
		return errno;
	file_pages = info.me_last_pgno + 1;
	used = (file_pages - free_pages) * stat.ms_psize;
	left = free_pages * stat.ms_psize +
	       status.f_bavail * (uint64_t)status.f_bsize;
	*used_bytes = (int64_t)used;
	*room_bytes = (int64_t)(room < used + left ? room : used + left);
	return 0;
}
