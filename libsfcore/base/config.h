/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings: environment variables and the lines of a file, the same for
 * every program (PROTOCOL, "Configuration"). Knows the names, defaults and
 * bounds; what a setting does is elsewhere.
 */
#ifndef SF_CONFIG_H
#define SF_CONFIG_H

#include "base/redis_address.h"

#include <stdbool.h>
#include <stdint.h>

#define SF_CONFIG_PATH_MAX 512
/*
 * The most bytes that a program may append to the path of the runtime
 * directory.
 */
#define SF_CONFIG_FILE_MAX 32
#define SF_CONFIG_HEADER_MAX 80

enum sf_wake_kind {
	SF_WAKE_LOCAL, /* within this machine */
	SF_WAKE_REDIS, /* between machines that share a Redis */
	SF_WAKE__MAX
};

struct sf_config {
	/* Holds the files of shared_words.h and the default store. */
	char runtime_dir[SF_CONFIG_PATH_MAX];
	char store[SF_CONFIG_PATH_MAX]; /* "lmdb:DIR" or a mongodb URI */
	enum sf_wake_kind wake;
	struct sf_redis_address redis; /* wake-ups and jobs */
	int64_t poll_sleep_ms;         /* longest wait between looks */
	/* The longest time of a poll, as a multiple of poll_sleep_ms. */
	int64_t poll_iteration;
	int64_t chat_lifetime_seconds;
	int64_t create_limit; /* chats per address and hour; 0: any number */
	/* The CGI variables that carry the tokens: "HTTP_X_SFC_USERTOKEN". */
	char user_token_variable[SF_CONFIG_HEADER_MAX];
	char chat_token_variable[SF_CONFIG_HEADER_MAX];
};

/* One setting. README lists the names and defaults. */
struct sf_setting {
	const char *name;     /* of the environment variable */
	const char *fallback; /* its default; "": `read` says what it means */
	const char *expected; /* for a refusal: "… was expected" */
	/* Reads a value. Returns false if it cannot be used. */
	bool (*read)(const struct sf_setting *setting, const char *value,
		struct sf_config *out);
	size_t member; /* the offset in struct sf_config, if `read` needs it */
	int64_t min, max; /* of a number */
};

/* The settings of the programs. The last row has no name. */
extern const struct sf_setting sf_settings[];

/*
 * The names that the file of settings may have: those of all settings, also of
 * those that only scripts read. NULL ends them.
 */
extern const char *const sf_setting_names[];

/*
 * Reads the settings from the environment, and those that it does not have
 * from the file that SFCHAT_CONF names. SF_ERR_INVALID: the file or a value
 * cannot be used; `detail` names the setting and what was expected, never the
 * value.
 */
enum sf_err sf_config_load(
	struct sf_config *out, struct sf_detail *detail) SF_MUST_CHECK;

#endif
