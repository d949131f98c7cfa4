// The widgets' code is asked for, and read, while the page waits for the server, not when the first widget is drawn.
// Panel imports it the same way, by the same address, and gets this very module.
importShim(new URL(document.currentScript.src).searchParams.get("of"))
