/* SPDX-License-Identifier: BSD-3-Clause */
/* chat.json: DELETE closes the chat. */
#include "api/app.h"

static enum sf_err close_chat(struct sf_app *app)
{
	return sf_desk_close(&app->desk, &app->caller);
}

static const struct sf_method methods[] = {
	{ "DELETE", SF_APP_ACCEPTED,
		SF_APP_CALLER | SF_APP_NO_BODY | SF_APP_DESK, NULL, close_chat,
		{ NULL } },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return sf_app_main(argc, argv, methods);
}
