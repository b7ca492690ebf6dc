using 'main.bicep'

param environmentName = 'prod'
param location = 'westeurope'
param isPrivate = true
param zoneRedundant = true
param zoneRedundantApp = true // keeps instances running: without it the app goes to zero
param gpuPriority = 'Dedicated'
param gpuMaxNodes = 8
param alertEmail = 'operators@example.com'
param monthlyBudget = 500
