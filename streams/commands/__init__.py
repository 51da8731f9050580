"""The commands of `tollstream`, one module each, loaded only when called."""
