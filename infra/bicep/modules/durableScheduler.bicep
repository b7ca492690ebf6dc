metadata description = 'The Durable Task Scheduler, for deployments whose orchestrations are not kept in the ops account.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Azure region, one that has the scheduler.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the scheduler.')
@minLength(3)
@maxLength(64)
param name string

@description('Name of the task hub: the hubName of host.json.')
param hubName string

@description('Pay by action or by capacity.')
@allowed(['Consumption', 'Dedicated'])
param skuName string = 'Consumption'

@description('Address ranges that may call it. An empty list would let nobody in; who calls has to sign in with a role all the same.')
@minLength(1)
param callers string[] = ['0.0.0.0/0']

@description('Object ID of the function app\'s identity.')
param principalId string

@description('Client ID of the function app\'s identity.')
param clientId string

@description('Make the role assignment. Without it, it is only told.')
param assignRoles bool = true

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      name: skuName
    }
    ipAllowlist: callers
  }

  resource hub 'taskHubs' = {
    name: hubName
    properties: {}
  }
}

var why = 'Orchestrations are started, kept and continued in the scheduler.'

resource work 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(scheduler.id, principalId, roleIds.durableTaskDataContributor)
  scope: scheduler
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roleIds.durableTaskDataContributor
    )
    description: why
  }
}

@description('Settings of the app by which its host uses the scheduler, as the identity: there is no secret in them.')
output settings object = {
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DurableScheduler'
  DurableScheduler: 'Endpoint=${scheduler.properties.endpoint};Authentication=ManagedIdentity;ClientID=${clientId}'
}

@description('Every assignment, made or not.')
output assignments assignment[] = [
  {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleId: roleIds.durableTaskDataContributor
    role: roleNames[roleIds.durableTaskDataContributor]
    scope: scheduler.id
    why: why
  }
]
