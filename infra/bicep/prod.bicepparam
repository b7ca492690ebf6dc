using 'main.bicep'

param environmentName = 'prod'
param location = 'westeurope'
param isPrivate = true
param zoneRedundant = true
// Keeps two instances of each group of functions running: 336 to 420 US dollars a month. With false the app goes to zero.
param zoneRedundantApp = true
param gpuPriority = 'Dedicated'
param gpuMaxNodes = 8
param alertEmail = 'operators@example.com'
param monthlyBudget = 1000 // about 650 US dollars of it are spent while nothing happens: docs/costs.md
