"use strict";
// The bank's page is opened by the bank's own script, which wants the sum as a number.
const parameters = JSON.parse(document.getElementById("card-payment").dataset.parameters);
parameters.amount = Number(parameters.amount);
halyk.pay(parameters);
