/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the settings. The input is the lines of an environment. Accepted
 * settings keep their bounds; a refusal names its variable.
 */
#include "base/config.h"

#include <stdbool.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool good)
{
	if (!good)
		abort();
}

static bool is_variable(const char *text)
{
	const char *end = text;

	while ((*end >= 'A' && *end <= 'Z') || *end == '_')
		end++;
	return end > text && *end == '=';
}

static void check(const struct sf_config *config)
{
	demand(config->runtime_dir[0] == '/');
	demand(strnlen(config->store, sizeof(config->store)) <
		sizeof(config->store));
	demand(config->poll_sleep_ms > 0);
	demand(config->poll_iteration > 0);
	demand(config->chat_lifetime_seconds > 0);
	demand(config->create_limit >= 0);
	demand(strncmp(config->user_token_variable, "HTTP_", 5) == 0);
	demand(strncmp(config->chat_token_variable, "HTTP_", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct sf_config config;
	struct sf_detail detail = { "" };
	char *rest = text;
	char *line;

	demand(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	(void)clearenv();
	while ((line = strsep(&rest, "\n")) != NULL)
		if (is_variable(line))
			(void)putenv(line);
	if (sf_config_load(&config, &detail) == SF_OK)
		check(&config);
	else
		demand(strncmp(detail.text, "SFCHAT_", 7) == 0);
	(void)clearenv();
	free(text);
	return 0;
}
