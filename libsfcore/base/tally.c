/* SPDX-License-Identifier: BSD-3-Clause */
/* The file is an array of words, each of which changes atomically. */
#include "base/tally.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shared_file.h"

_Static_assert(SF_TALLY_REFUSED + SF_ERR__MAX <= SF_TALLY__MAX,
	"each error has its word");

static bool write_since(int fd)
{
	int64_t now_ms = sf_clock_ms(CLOCK_REALTIME);

	_Static_assert(SF_TALLY_SINCE_MS == 0, "it is the first word");
	return pwrite(fd, &now_ms, sizeof(now_ms), 0) == sizeof(now_ms);
}

static const struct sf_shared_file tally_file = { "tally",
	sizeof(struct sf_tally), write_since };

enum sf_err sf_tally_open(const struct sf_config *config, struct sf_tally **out)
{
	void *memory = NULL;
	enum sf_err err = sf_shared_file_map(config, &tally_file, &memory);

	*out = memory;
	return err;
}

enum sf_err sf_tally_find(const struct sf_config *config, struct sf_tally **out)
{
	void *memory = NULL;
	enum sf_err err = sf_shared_file_find(config, &tally_file, &memory);

	*out = memory;
	return err;
}

void sf_tally_free(struct sf_tally *tally)
{
	if (tally)
		(void)munmap(tally, sizeof(*tally));
}

void sf_tally_count(const struct sf_config *config, enum sf_err err)
{
	struct sf_tally *tally;

	if (err == SF_ERR_METHOD || access(config->runtime_dir, W_OK) != 0 ||
		sf_tally_open(config, &tally) != SF_OK)
		return;
	(void)atomic_fetch_add(&tally->words[SF_TALLY_REFUSED + err], 1);
	sf_tally_free(tally);
}
