"""Why a call cost what it cost, and what a call would cost, in a billing clerk's words."""
