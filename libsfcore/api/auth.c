/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the tokens from a request's headers. */
#include "api/auth.h"

enum sf_err sf_auth_read(const struct sf_request *request,
	const struct sf_config *config, struct sf_participant *out,
	struct sf_detail *detail)
{
	const char *user =
		sf_request_variable(request, config->user_token_variable);
	const char *chat_token =
		sf_request_variable(request, config->chat_token_variable);

	if (!sf_token_parse(user, strlen(user), &out->user))
		return sf_detail_set(detail, SF_ERR_UNAUTHORIZED,
			"the user token is missing or malformed");
	if (!sf_token_parse(chat_token, strlen(chat_token), &out->chat))
		return sf_detail_set(detail, SF_ERR_UNAUTHORIZED,
			"the chat token is missing or malformed");
	return SF_OK;
}
