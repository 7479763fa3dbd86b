// Command watch follows the events of an order on the server of the folder above.
package main
